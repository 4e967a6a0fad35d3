// The parts of ExternalDNS that a webhook server meets: its client, its TXT registry and its plan, turned by hand.
//
//	external-dns-client URL OWNER
//
// Every line of standard input is a list of endpoints in JSON: what is wished for from now on. For each, one run is made as the
// controller of ExternalDNS makes it, and one line is written: what was changed, or what went wrong.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"sigs.k8s.io/external-dns/endpoint"
	"sigs.k8s.io/external-dns/pkg/apis/externaldns"
	"sigs.k8s.io/external-dns/plan"
	"sigs.k8s.io/external-dns/provider/webhook"
	"sigs.k8s.io/external-dns/registry"
	"sigs.k8s.io/external-dns/registry/txt"
)

type outcome struct {
	Create []string `json:"create"`
	Update []string `json:"update"`
	Delete []string `json:"delete"`
	Error  string   `json:"error,omitempty"`
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve() error {
	if len(os.Args) != 3 {
		return fmt.Errorf("usage: %s URL OWNER", os.Args[0])
	}
	cfg := externaldns.NewConfig()
	cfg.WebhookProviderURL = os.Args[1]
	cfg.TXTOwnerID = os.Args[2]
	// Few services take an asterisk within a label, as in cname-*.example.org.
	cfg.TXTWildcardReplacement = "any"
	cfg.ManagedDNSRecordTypes = []string{"A", "AAAA", "CNAME", "MX", "SRV"}
	provider, err := webhook.New(context.Background(), cfg, nil)
	if err != nil {
		return err
	}
	registry, err := txt.New(cfg, provider)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var desired []*endpoint.Endpoint
		if err := json.Unmarshal(lines.Bytes(), &desired); err != nil {
			return err
		}
		done, err := run(registry, cfg, desired)
		if err != nil {
			done.Error = err.Error()
		}
		if err := answers.Encode(done); err != nil {
			return err
		}
	}
	return lines.Err()
}

// As RunOnce of its controller (controller/controller.go).
func run(registry registry.Registry, cfg *externaldns.Config, desired []*endpoint.Endpoint) (outcome, error) {
	ctx := context.Background()
	current, err := registry.Records(ctx)
	if err != nil {
		return outcome{}, err
	}
	desired, err = registry.AdjustEndpoints(desired)
	if err != nil {
		return outcome{}, err
	}
	planned := (&plan.Plan{
		Policies:       []plan.Policy{&plan.SyncPolicy{}},
		Current:        current,
		Desired:        desired,
		DomainFilter:   endpoint.MatchAllDomainFilters{registry.GetDomainFilter()},
		ManagedRecords: cfg.ManagedDNSRecordTypes,
		OwnerID:        registry.OwnerID(),
	}).Calculate()
	changes := planned.Changes
	done := outcome{names(changes.Create), names(changes.UpdateNew), names(changes.Delete), ""}
	if changes.HasChanges() {
		err = registry.ApplyChanges(ctx, changes)
	}
	return done, err
}

func names(endpoints []*endpoint.Endpoint) []string {
	names := []string{}
	for _, e := range endpoints {
		if e.RecordType != endpoint.RecordTypeTXT {
			names = append(names, e.DNSName+" "+e.RecordType)
		}
	}
	return names
}
