//! The template language and the Go view of objects, beyond what was recorded. The expectations follow
//! from the documentation and source of Go's `text/template` and `fmt`.

use rstest::rstest;
use serde_json::{Value as Json, json};

use super::names;

fn service() -> Json {
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {
            "name": "web", "namespace": "shop", "uid": "u-1", "generation": 3,
            "creationTimestamp": "2026-01-02T03:04:05Z",
            "labels": {"team": "red", "app": "front", "empty": ""},
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "{}",
                "example.net/json": "{\"n\":1234567,\"f\":0.5,\"list\":[\"a\",\"b\"],\"null\":null,\"o\":{\"k\":\"v\"},\"t\":true}",
            },
            "ownerReferences": [{"apiVersion": "v1", "kind": "Thing", "name": "own", "uid": "u-0", "controller": true}],
        },
        "spec": {
            "type": "LoadBalancer", "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1", "fd00::1"],
            "externalIPs": ["192.0.2.1", "192.0.2.2"], "allocateLoadBalancerNodePorts": false,
            "loadBalancerClass": "example.net/lb",
            "ports": [
                {"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP", "nodePort": 30080},
                {"name": "dns", "port": 53, "targetPort": "dns", "protocol": "UDP"},
            ],
        },
        "status": {
            "loadBalancer": {"ingress": [{"ip": "192.0.2.9"}, {"hostname": "lb.example.net"}]},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    })
}

/// The output of a template that has no comma in it.
fn run(template: &str) -> Result<String, String> {
    names("service", template, &service()).map_err(|error| error.to_string())
}

#[track_caller]
fn gives(template: &str, output: &str) {
    assert_eq!(run(template).as_deref(), Ok(output), "{template}");
}

#[track_caller]
fn fails(template: &str) {
    assert!(run(template).is_err(), "{template}: {:?}", run(template));
}

#[rstest]
#[case("{{if .Labels.nope}}a{{else if eq .Name \"web\"}}b{{else}}c{{end}}", "b")]
#[case("{{if .Labels.nope}}a{{else if eq .Name \"x\"}}b{{else}}c{{end}}", "c")]
#[case("{{with .Labels.nope}}a{{else with .Labels.team}}{{.}}{{else}}c{{end}}", "red")]
#[case("{{with $x := .Name}}{{$x}}-{{.}}-{{$.Namespace}}{{end}}", "web-web-shop")]
#[case("{{range $i, $p := .Spec.Ports}}{{$i}}{{$p.Name}}{{.Port}};{{end}}", "0http80;1dns53;")]
#[case("{{range $p := .Spec.Ports}}{{$p.Name}};{{end}}", "http;dns;")]
#[case("{{range .Spec.ExternalIPs}}{{.}};{{end}}", "192.0.2.1;192.0.2.2;")]
#[case("{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "app=front;empty=;team=red;")]
#[case("{{range .Labels}}{{.}}-{{end}}", "front--red-")]
#[case("{{range 4}}{{if eq . 1}}{{continue}}{{end}}{{if eq . 3}}{{break}}{{end}}{{.}}{{end}}", "02")]
#[case("{{range $i := 2}}{{$i}}{{end}}{{range 0}}x{{else}}none{{end}}{{range -1}}x{{end}}", "01none")]
#[case("{{range .Spec.LoadBalancerSourceRanges}}x{{else}}none{{end}}", "none")]
#[case("{{range .Labels.nope}}x{{else}}none{{end}}", "none")]
#[case("{{range .Spec.Ports}}{{range $.Spec.ExternalIPs}}{{break}}{{end}}{{.Name}}{{end}}", "httpdns")]
#[case("{{$x := 1}}{{range .Spec.Ports}}{{$x = .Port}}{{end}}{{$x}}", "53")]
#[case("{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21")]
#[case("{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2")]
#[case("{{$i := 9}}{{$v := 9}}{{range $i, $v = .Spec.ExternalIPs}}{{end}}{{$i}}{{$v}}", "1192.0.2.2")]
#[case("{{if $x := .Name}}{{$x}}{{end}}{{$x := 5}}{{$x}}", "web5")]
#[case("{{define \"t\"}}<{{.}}>{{end}}{{template \"t\" .Name}}{{template \"t\"}}", "<web><<no value>>")]
#[case("{{define \"t\"}}{{$.Name}}{{end}}{{with .Spec}}{{template \"t\" $}}{{end}}", "web")]
#[case("{{block \"b\" .Spec}}{{.ClusterIP}}{{end}}", "10.0.0.1")]
#[case(
    "{{define \"a\"}}{{template \"b\" .}}{{end}}{{define \"b\"}}b{{.Name}}{{end}}{{template \"a\" .}}",
    "bweb"
)]
#[case("{{define \"r\"}}{{if gt . 0}}{{.}}{{template \"r\" 0}}{{end}}{{end}}{{template \"r\" 2}}", "2")]
fn blocks_and_variables(#[case] template: &str, #[case] output: &str) {
    gives(template, output);
}

#[rstest]
#[case("a {{- .Name -}} b", "awebb")]
#[case("a {{- .Name }} b", "aweb b")]
#[case("a\n  {{- /* gone */ -}}  b", "ab")]
#[case("a{{/* {{.Nope}} */}}b", "ab")]
#[case("a {{- /* left only */}} b", "a b")]
#[case("x {{-3}} y", "x -3 y")]
#[case("{{- .Name -}}\n", "web")]
#[case("{ {{.Name}} }", "{ web }")]
#[case("{{\"}}\"}}{{`{{`}}", "}}{{")]
#[case("{{\n.Name\n}}", "web")]
fn delimiters_and_comments(#[case] template: &str, #[case] output: &str) {
    gives(template, output);
}

#[rstest]
#[case("{{1}} {{-5}} {{+5}} {{0x1F}} {{0b101}} {{0o17}} {{017}} {{1_000}}", "1 -5 5 31 5 15 15 1000")]
#[case(
    "{{1.5}} {{.5}} {{1e3}} {{1e6}} {{1e20}} {{123456.0}} {{0.0001}} {{0.00001}}",
    "1.5 0.5 1000 1e+06 1e+20 123456 0.0001 1e-05"
)]
#[case("{{'a'}} {{'\\n'}} {{'\\x41'}} {{'\\''}} {{'ä'}} {{'\\u00e4'}}", "97 10 65 39 228 228")]
#[case("{{\"a\\tb\\\"c\\\\d\\x41\\u00e4\\101\"}}", "a\tb\"c\\dAäA")]
#[case("{{`a\\tb`}} {{true}} {{false}}", "a\\tb true false")]
fn literals(#[case] template: &str, #[case] output: &str) {
    gives(template, output);
}

#[rstest]
#[case(
    "{{and 1 0 2}} {{or 0 \"\" \"x\" (index .Spec.Ports 9)}} {{and \"\" (index .Spec.Ports 9)}}x",
    "0 x x"
)]
#[case("{{true | and false}} {{\"\" | or \"\"}}{{not 0}} {{not .Spec}}", "false true false")]
#[case(
    "{{eq 1 2 1}} {{eq \"a\" \"b\"}} {{ne 1 2}} {{eq .Spec.Type \"LoadBalancer\"}} {{eq true true}}",
    "true false true true true"
)]
#[case(
    "{{lt 1 2}} {{le 2 2}} {{gt 1.5 1.0}} {{ge \"b\" \"a\"}} {{lt \"B\" \"a\"}}",
    "true true true true true"
)]
#[case("{{eq .Labels.nope \"x\"}} {{ne .Labels.nope \"x\"}} {{eq .Labels.nope nil}}", "false true true")]
#[case("{{eq .Spec.LoadBalancerClass nil}} {{eq .Spec.TrafficDistribution nil}}", "false true")]
#[case("{{len .Name}} {{len .Labels}} {{len .Spec.Ports}} {{len \"ä\"}} {{len .Annotations}}", "3 3 2 2 1")]
#[case("{{index .Spec.ExternalIPs 1}} {{index .Labels \"team\"}} {{index \"abc\" 1}}", "192.0.2.2 red 98")]
#[case(
    "{{index .Labels \"nope\"}}|{{(index .Spec.Ports 1).Name}}|{{index .Labels}}",
    "|dns|map[app:front empty: team:red]"
)]
#[case(
    "{{slice .Name 1}} {{slice .Name 1 2}} {{slice .Spec.ExternalIPs 1}} {{slice .Spec.ExternalIPs 0 0}} {{slice .Name}}",
    "eb e [192.0.2.2] [] web"
)]
#[case("{{print \"a\" 1 2 \"b\" true nil}}|{{print}}|{{println}}", "a1 2btrue <nil>||")]
#[case(
    "{{html \"<a&'\\\">\"}} {{js \"it's\"}} {{urlquery \"a b&c\"}}",
    "&lt;a&amp;&#39;&#34;&gt; it\\'s a+b%26c"
)]
#[case("{{.Name | printf \"%s-%s\" .Namespace}} {{\"x\" | print \"y\"}}", "shop-web yx")]
#[case("{{(printf \"%s\" .Name) | len}} {{len (print 1 2)}} {{(.Spec).ClusterIP}}", "3 3 10.0.0.1")]
#[case(
    "{{slice .Spec.LoadBalancerClass 0 7}} {{hasKey nil \"a\"}} {{print .Spec.SessionAffinityConfig}}",
    "example false nil"
)]
fn built_in_functions(#[case] template: &str, #[case] output: &str) {
    gives(template, output);
}

#[rstest]
#[case(
    "{{printf \"%d %5d|%-5d|%05d %+d %x %X %#x %o %b %c %q %U\" 42 42 42 42 42 255 255 255 8 5 97 97 97}}",
    "42    42|42   |00042 +42 ff FF 0xff 10 101 a 'a' U+0061"
)]
#[case(
    "{{printf \"%s|%5s|%-5s|%.2s|%q|%x|%v\" .Name .Name .Name .Name .Name .Name .Name}}",
    "web|  web|web  |we|\"web\"|776562|web"
)]
#[case(
    "{{printf \"%f %.2f %8.3f %e %g %g %v\" 1.5 1.255 3.14159 1234.5 1e21 0.1 100000.0}}",
    "1.500000 1.25    3.142 1.234500e+03 1e+21 0.1 100000"
)]
#[case("{{printf \"%t %v %T %T %T %%\" true false 1 \"a\" 1.5}}", "true false int string float64 %")]
#[case(
    "{{printf \"%d\" \"a\"}} {{printf \"%s\" 5}} {{printf \"%s\" (index .Spec.Ports 0).Port}}",
    "%!d(string=a) %!s(int=5) %!s(int32=80)"
)]
#[case(
    "{{printf \"%d\"}} {{printf \"a\" 1}} {{printf \"%\"}} {{printf \"%z\" 1}}",
    "%!d(MISSING) a%!(EXTRA int=1) %!(NOVERB) %!z(int=1)"
)]
#[case("{{printf \"%[2]s-%[1]s\" \"a\" \"b\"}} {{printf \"%*d|%.*f\" 4 7 1 2.55}}", "b-a    7|2.5")]
#[case("{{printf \"%s %v %d\" .Labels.nope nil nil}}", "%!s(<nil>) <nil> %!d(<nil>)")]
#[case("{{printf \"%v %s\" .Spec.ExternalIPs .Spec.ClusterIPs}}", "[192.0.2.1 192.0.2.2] [10.0.0.1 fd00::1]")]
#[case(
    "{{printf \"%v %q\" .Labels .Spec.ExternalIPs}}",
    "map[app:front empty: team:red] [\"192.0.2.1\" \"192.0.2.2\"]"
)]
#[case(
    "{{printf \"%-3d|%3t|%s|%06.2f|%x\" -1 true .Spec.Type -1.5 -255}}",
    "-1 |true|LoadBalancer|-01.50|-ff"
)]
#[case(
    "{{printf \"%[3]d %[x]d\" 1}} {{printf \"%.*d\" -1 1}} {{printf \"%+v\" 1}} {{printf \"%T\" .Spec.ExternalIPs}}",
    "%!d(BADINDEX) %!d(BADINDEX) %!(BADPREC)1 1 []string"
)]
#[case("{{printf \"%.2f %05d %+s\" \"abc\" \"a\" 5}}", "%!f(string=ab) %!d(string=0000a) %!s(int=+5)")]
#[case(
    "{{printf \"%x\" .Labels}} {{printf \"%.1d\" .Labels | len}} {{printf \"%#v\" \"a\"}}",
    "map[617070:66726f6e74 656d707479: 7465616d:726564] 87 \"a\""
)]
fn printf_verbs(#[case] template: &str, #[case] output: &str) {
    gives(template, output);
}

#[rstest]
#[case(
    "{{contains .Name \"e\"}} {{trimPrefix .Name \"w\"}} {{trimSuffix .Name \"b\"}} {{trim \" a \"}}",
    "true eb we a"
)]
#[case(
    "{{toLower \"ÄB\"}} {{replace \"e\" \"3\" .Name}} {{.Name | replace \"w\" \"v\" | toLower}}",
    "äb w3b veb"
)]
#[case(
    "{{isIPv4 \"192.0.2.1\"}} {{isIPv4 \"192.0.2.01\"}} {{isIPv6 \"fe80::1%eth0\"}} {{isIPv6 \"::ffff:1.2.3.4\"}} {{isIPv4 \"\"}}",
    "true false true true false"
)]
#[case("{{isSource \"SERVICE\"}} {{isSource \"ingress\"}}", "true false")]
#[case(
    "{{hasKey .Labels \"empty\"}} {{hasKey .Labels \"nope\"}} {{hasKey .Spec.Selector \"a\"}}",
    "true false false"
)]
#[case(
    "{{with fromJson (index .Annotations \"example.net/json\")}}{{.n}} {{.f}} {{.list}} {{.null}} {{.o}} {{.t}} {{.nope}}{{end}}",
    "1.234567e+06 0.5 [a b] <no value> map[k:v] true <no value>"
)]
#[case("{{range (index .Annotations \"example.net/json\" | fromJson).list}}{{.}}-{{end}}", "a-b-")]
#[case(
    "{{fromJson \"nope\"}} {{fromJson \"3\"}} {{fromJson \"\\\"x\\\"\"}} {{index (fromJson \"[1,2]\") 1}}",
    "<no value> 3 x 2"
)]
#[case("{{with fromJson \"no\"}}x{{else}}none{{end}} {{toLower (fromJson \"\\\"AB\\\"\")}}", "none ab")]
fn functions_of_externaldns(#[case] template: &str, #[case] output: &str) {
    gives(template, output);
}

#[rstest]
#[case(
    "{{.Kind}} {{.APIVersion}} {{.TypeMeta.Kind}} {{.ObjectMeta.Labels.team}} {{.GetNamespace}} {{.ObjectMeta.GetName}}",
    "Service v1 Service red shop web"
)]
#[case(
    "{{.UID}} {{.Generation}} {{.GenerateName}}|{{.CreationTimestamp}} {{.CreationTimestamp.Year}} {{.DeletionTimestamp}}",
    "u-1 3 |2026-01-02 03:04:05 +0000 UTC 2026 <nil>"
)]
#[case("{{(index .OwnerReferences 0).Name}} {{(index .OwnerReferences 0).Controller}}", "own true")]
#[case(
    "{{.Spec.LoadBalancerClass}} {{.Spec.AllocateLoadBalancerNodePorts}} {{.Spec.SessionAffinityConfig}} {{.Spec.IPFamilyPolicy}}",
    "example.net/lb false nil <nil>"
)]
#[case(
    "{{if .Spec.AllocateLoadBalancerNodePorts}}set{{end}} {{if .Spec.PublishNotReadyAddresses}}x{{end}}",
    "set"
)]
#[case(
    "{{range .Spec.Ports}}{{.TargetPort}} {{.TargetPort.IntVal}} {{.TargetPort.String}}|{{end}}",
    "8080 8080 8080|dns 0 dns|"
)]
#[case(
    "{{len .Status.Conditions}} {{index .Annotations \"kubectl.kubernetes.io/last-applied-configuration\"}}",
    "0"
)]
#[case(
    "{{(index .Status.LoadBalancer.Ingress 0).IP}}|{{(index .Status.LoadBalancer.Ingress 0).Hostname}}|",
    "192.0.2.9||"
)]
#[case(
    "{{.Labels.nope}} {{.Labels}} {{.Spec.Selector.a}} {{.Spec.Selector}}",
    "<no value> map[app:front empty: team:red] <no value> map[]"
)]
#[case(
    "{{toLower .Spec.LoadBalancerClass}} {{printf \"%s\" .Spec.Type | toLower}}",
    "example.net/lb loadbalancer"
)]
#[case(
    "{{.Spec.clusterIP}} {{(index .Spec.ports 1).name}} {{.Status.loadBalancer.ingress | len}} {{.Labels.team}}",
    "10.0.0.1 dns 2 red"
)]
#[case(
    "{{.Object.kind}} {{.Metadata.labels.app}} {{.Metadata.creationTimestamp}} {{index .Spec.ports 0 \"port\"}}",
    "Service front 2026-01-02T03:04:05Z 80"
)]
#[case(
    "{{range $k, $v := .Status.loadBalancer}}{{$k}}{{end}} {{.Spec.type | toLower}}",
    "ingress loadbalancer"
)]
fn fields_of_a_service(#[case] template: &str, #[case] output: &str) {
    gives(template, output);
}

#[rstest]
#[case("{{.Nope}}")]
#[case("{{.Spec.Nope}}")]
#[case("{{(index .Spec.Ports 0).Nope}}")]
#[case("{{.Name.Length}}")]
#[case("{{.Name 1}}")]
#[case("{{1 | .Name}}")]
#[case("{{\"a\" \"b\"}}")]
#[case("{{nil}}")]
#[case("{{.Spec.SessionAffinityConfig.ClientIP}}")]
#[case("{{.Spec.ClusterIP}}{{.Spec.clusterIP}}")]
#[case("{{.Spec.loadBalancerIP}}")]
#[case("{{.Metadata.labels.nope}}")]
#[case("{{toLower .Spec.Type}}")]
#[case("{{toLower .Labels.nope}}")]
#[case("{{toLower 5}}")]
#[case("{{toLower nil}}")]
#[case("{{toLower}}")]
#[case("{{replace \"a\" \"b\"}}")]
#[case("{{contains .Name}}")]
#[case("{{isSource \"nope\"}}")]
#[case("{{hasKey .Spec \"a\"}}")]
#[case("{{hasKey (fromJson \"{}\") \"a\"}}")]
#[case("{{printf 5}}")]
#[case("{{len 3}}")]
#[case("{{len .Labels.nope}}")]
#[case("{{len .Spec.TrafficDistribution}}")]
#[case("{{index .Spec.Ports 2}}")]
#[case("{{index .Spec.Ports -1}}")]
#[case("{{index .Spec.Ports \"a\"}}")]
#[case("{{index .Spec.Ports 0.5}}")]
#[case("{{index .Labels 0}}")]
#[case("{{index nil 0}}")]
#[case("{{index 5 0}}")]
#[case("{{slice .Name 2 1}}")]
#[case("{{slice .Name 0 9}}")]
#[case("{{slice .Name 0 1 2}}")]
#[case("{{call .Name}}")]
#[case("{{eq 1}}")]
#[case("{{eq 1 \"1\"}}")]
#[case("{{eq 1 1.0}}")]
#[case("{{eq .Spec.Ports .Spec.Ports}}")]
#[case("{{eq .Spec.LoadBalancerClass \"x\"}}")]
#[case("{{eq .DeletionTimestamp .Annotations}}")]
#[case("{{lt 1 \"a\"}}")]
#[case("{{lt true false}}")]
#[case("{{lt .Labels.nope \"a\"}}")]
#[case("{{not}}")]
#[case("{{and}}")]
#[case("{{range 1.5}}x{{end}}")]
#[case("{{range .Name}}x{{end}}")]
#[case("{{range $i, $n := 3}}x{{end}}")]
#[case("{{range .ObjectMeta}}x{{end}}")]
#[case("{{template \"nope\"}}")]
#[case("{{define \"r\"}}{{template \"r\"}}{{end}}{{template \"r\"}}")]
#[case("{{range 9999999999}}{{end}}")]
#[case("{{$x = 1}}")]
#[case("{{18446744073709551615}}")]
#[case("{{with fromJson \"{\\\"a\\\":null}\"}}{{.a.b}}{{end}}")]
fn execution_errors(#[case] template: &str) {
    fails(template);
}

#[rstest]
#[case("{{.Spec.PodCIDR}} {{.Spec.ProviderID}} {{.Spec.Unschedulable}}", "10.1.0.0/24 cloud://1 false")]
#[case("{{range .Spec.Taints}}{{.Key}}:{{.Effect}}{{end}}", "dedicated:NoSchedule")]
#[case(
    "{{.Status.NodeInfo.KubeletVersion}} {{.Status.NodeInfo.OSImage}}|{{.Status.Capacity.Cpu}} {{.Status.Capacity.Memory}}",
    "v1.36.0 |4 0"
)]
#[case(
    "{{index .Status.capacity \"cpu\"}} {{.Status.nodeInfo.osImage}}|{{.Status.daemonEndpoints.kubeletEndpoint.Port}}",
    "4 |0"
)]
fn fields_of_a_node(#[case] template: &str, #[case] output: &str) {
    let node = json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"},
        "spec": {"podCIDR": "10.1.0.0/24", "providerID": "cloud://1", "taints": [{"key": "dedicated", "effect": "NoSchedule"}]},
        "status": {"capacity": {"cpu": "4"}, "nodeInfo": {"kubeletVersion": "v1.36.0"}},
    });
    assert_eq!(names("node", template, &node).as_deref(), Ok(output), "{template}");
}

#[rstest]
#[case(
    "{{(index .Spec.Containers 0).Image}} {{(index (index .Spec.Containers 0).Ports 0).ContainerPort}}",
    "img:1 8080"
)]
#[case(
    "{{.Spec.HostNetwork}} {{.Spec.DNSPolicy}} {{.Status.QOSClass}} {{.Status.HostIP}} {{(index .Status.PodIPs 0).IP}}",
    "true ClusterFirst Burstable 192.0.2.1 10.0.0.9"
)]
#[case(
    "{{(index .Status.ContainerStatuses 0).Ready}} {{(index .Status.ContainerStatuses 0).RestartCount}}",
    "false 0"
)]
#[case("{{range .Spec.Containers}}{{range .Env}}{{.Name}}={{.Value}};{{end}}{{end}}", "A=1;")]
#[case("{{(index .Status.containerStatuses 0).ready}} {{.Spec.hostNetwork}}", "false true")]
fn fields_of_a_pod(#[case] template: &str, #[case] output: &str) {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p1", "namespace": "shop"},
        "spec": {
            "containers": [{"name": "main", "image": "img:1", "ports": [{"containerPort": 8080}], "env": [{"name": "A", "value": "1"}]}],
            "hostNetwork": true, "dnsPolicy": "ClusterFirst",
        },
        "status": {
            "phase": "Running", "qosClass": "Burstable", "hostIP": "192.0.2.1", "podIPs": [{"ip": "10.0.0.9"}],
            "containerStatuses": [{"name": "main", "image": "img:1", "imageID": ""}],
        },
    });
    assert_eq!(names("pod", template, &pod).as_deref(), Ok(output), "{template}");
    let undescribed = names("pod", "{{(index .Spec.Containers 0).SecurityContext.RunAsUser}}", &pod);
    assert!(undescribed.is_err(), "{undescribed:?}");
}

#[rstest]
#[case(
    "{{range .Spec.Rules}}{{.Host}}{{range .HTTP.Paths}}{{.Path}} {{.Backend.Service.Name}} {{.Backend.Service.Port.Number}} {{.PathType}}{{end}}{{end}}",
    "a.example.org/x web 80 Prefix"
)]
#[case(
    "{{range .Spec.TLS}}{{range .Hosts}}{{.}}{{end}} {{.SecretName}}{{end}} {{.Spec.DefaultBackend}}",
    "a.example.org tls nil"
)]
#[case("{{(index .Spec.Rules 0).IngressRuleValue.HTTP.Paths | len}}", "1")]
#[case("{{.Status.loadBalancer}} {{.Metadata.name}}", "map[] i")]
fn fields_of_an_ingress(#[case] template: &str, #[case] output: &str) {
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "i", "namespace": "shop"},
        "spec": {
            "tls": [{"hosts": ["a.example.org"], "secretName": "tls"}],
            "rules": [{"host": "a.example.org", "http": {"paths": [{
                "path": "/x", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}},
            }]}}],
        },
    });
    assert_eq!(names("ingress", template, &ingress).as_deref(), Ok(output), "{template}");
}

#[rstest]
#[case("{{range .Spec.Hostnames}}{{.}};{{end}}", "a.example.org;b.example.org;")]
#[case("{{range .Spec.hostnames}}{{.}};{{end}}", "a.example.org;b.example.org;")]
#[case(
    "{{(index .Spec.ParentRefs 0).Name}} {{(index .Spec.CommonRouteSpec.ParentRefs 0).Namespace}}",
    "gw <nil>"
)]
#[case(
    "{{range .Spec.Rules}}{{range .BackendRefs}}{{.Name}}:{{.Port}}:{{.Weight}}{{end}}{{end}}",
    "web:80:<nil>"
)]
#[case("{{range .Status.Parents}}{{range .Conditions}}{{.Type}}={{.Status}}{{end}}{{end}}", "Accepted=True")]
fn fields_of_a_route(#[case] template: &str, #[case] output: &str) {
    let route = json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "r", "namespace": "shop"},
        "spec": {
            "parentRefs": [{"name": "gw"}], "hostnames": ["a.example.org", "b.example.org"],
            "rules": [{"backendRefs": [{"name": "web", "port": 80}]}],
        },
        "status": {"parents": [{"parentRef": {"name": "gw"}, "conditions": [{"type": "Accepted", "status": "True"}]}]},
    });
    assert_eq!(names("gateway-httproute", template, &route).as_deref(), Ok(output), "{template}");
}

#[rstest]
#[case("{{.Spec.URL}} {{.Spec.url}} {{.Spec.DNSNames}} {{.Spec.nested.ip}}", "u u [a b] 192.0.2.1")]
#[case(
    "{{.GetName}} {{.Name}} {{.Kind}} {{.Object.spec.url}} {{.Status}} {{.Status.a.b}}",
    "w w Widget u map[] <no value>"
)]
#[case("{{.Spec.nested.IP}} {{.Labels.x}} {{.Spec.count}} {{.Spec.ratio}}", "<no value> <no value> 7 0.5")]
#[case("{{.Spec.URL}}{{.Spec.gone}}{{if .Spec.gone}}x{{end}}", "u<no value>")]
fn objects_without_a_go_type(#[case] template: &str, #[case] output: &str) {
    let widget = json!({
        "apiVersion": "example.net/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "shop"},
        "spec": {"url": "u", "dnsNames": ["a", "b"], "nested": {"ip": "192.0.2.1"}, "count": 7, "ratio": 0.5},
    });
    assert_eq!(names("unstructured", template, &widget).as_deref(), Ok(output), "{template}");
    assert!(names("unstructured", "{{.Nope}}", &widget).is_err());
}
