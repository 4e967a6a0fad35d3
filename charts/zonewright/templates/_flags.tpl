{{- /* The words of the command line, as a YAML list. Their order is that of the ExternalDNS chart, and ours come before extraArgs, so
that those win. */}}
{{- define "zonewright.args" -}}
{{- $v := .Values -}}
{{- $args := list (printf "--log-level=%s" $v.logLevel) (printf "--log-format=%s" $v.logFormat) (printf "--interval=%s" $v.interval) -}}
{{- if $v.triggerLoopOnEvent }}{{ $args = append $args "--events" }}{{ end -}}
{{- range $v.sources }}{{ $args = append $args (printf "--source=%s" .) }}{{ end -}}
{{- $args = append $args (printf "--policy=%s" (required "policy must be given: sync, upsert-only or create-only" $v.policy)) -}}
{{- $args = append $args (printf "--registry=%s" $v.registry) -}}
{{- if and $v.txtPrefix $v.txtSuffix }}{{ fail "'txtPrefix' and 'txtSuffix' are mutually exclusive" }}{{ end -}}
{{- $namespace := ternary (default (include "zonewright.namespace" .) $v.sourceNamespace) "" $v.namespaced -}}
{{- $single := list
  (list "txt-owner-id" $v.txtOwnerId)
  (list "txt-prefix" $v.txtPrefix)
  (list "txt-suffix" $v.txtSuffix)
  (list "namespace" $namespace)
  (list "gateway-namespace" $v.gatewayNamespace) -}}
{{- range $single }}{{ if index . 1 }}{{ $args = append $args (printf "--%s=%v" (index . 0) (index . 1)) }}{{ end }}{{ end -}}
{{- if $v.enableGatewayListenerSets }}{{ $args = append $args "--gateway-listener-sets" }}{{ end -}}
{{- range $v.domainFilters }}{{ $args = append $args (printf "--domain-filter=%s" .) }}{{ end -}}
{{- range $v.excludeDomains }}{{ $args = append $args (printf "--exclude-domains=%s" .) }}{{ end -}}
{{- $single = list
  (list "label-filter" $v.labelFilter)
  (list "annotation-filter" $v.annotationFilter)
  (list "annotation-prefix" $v.annotationPrefix) -}}
{{- range $single }}{{ if index . 1 }}{{ $args = append $args (printf "--%s=%v" (index . 0) (index . 1)) }}{{ end }}{{ end -}}
{{- range $v.managedRecordTypes }}{{ $args = append $args (printf "--managed-record-types=%s" .) }}{{ end -}}
{{- $args = append $args (printf "--provider=%s" (include "zonewright.provider" .)) -}}
{{- $args = concat $args (include "zonewright.ownArgs" . | fromYamlArray) (include "zonewright.extraArgs" . | fromYamlArray) -}}
{{- toYaml $args -}}
{{- end }}

{{- /* Flags that ExternalDNS does not have; nothing at all while their values are as they come. */}}
{{- define "zonewright.ownArgs" -}}
{{- $v := .Values -}}
{{- $args := list -}}
{{- $elects := include "zonewright.electsLeader" . -}}
{{- if $elects -}}
{{- $args = list "--leader-elect" (printf "--leader-election-lease-name=%s" (default (include "zonewright.fullname" .) $v.leaderElection.leaseName)) -}}
{{- end -}}
{{- $single := list
  (list "leader-election-lease-duration" (ternary $v.leaderElection.leaseDuration nil (not (not $elects))))
  (list "leader-election-renew-deadline" (ternary $v.leaderElection.renewDeadline nil (not (not $elects))))
  (list "leader-election-retry-period" (ternary $v.leaderElection.retryPeriod nil (not (not $elects))))
  (list "delete-guard" $v.guard.enabled)
  (list "delete-guard-share" $v.guard.share)
  (list "delete-guard-floor" $v.guard.floor)
  (list "delete-guard-max" $v.guard.max)
  (list "approval-configmap" $v.guard.approvalConfigMap)
  (list "hold-missing-targets" $v.hold.enabled)
  (list "hold-max-age" $v.hold.maxAge)
  (list "domain-policy" (ternary "/etc/zonewright/domain-policy.yaml" nil (not (empty $v.domainPolicy)))) -}}
{{- range $single -}}
{{- if not (kindIs "invalid" (index . 1)) }}{{ $args = append $args (include "zonewright.word" .) }}{{ end -}}
{{- end -}}
{{- range $zone, $share := $v.guard.zones }}{{ $args = append $args (printf "--delete-guard-zone=%s=%s" $zone (include "zonewright.text" $share)) }}{{ end -}}
{{- range $v.eventsEmit }}{{ $args = append $args (printf "--events-emit=%s" .) }}{{ end -}}
{{- toYaml $args -}}
{{- end }}

{{- define "zonewright.extraArgs" -}}
{{- $args := list -}}
{{- if kindIs "map" .Values.extraArgs -}}
{{- range $name, $value := .Values.extraArgs -}}
{{- range $one := ternary $value (list $value) (kindIs "slice" $value) -}}
{{- if kindIs "slice" $value -}}
{{- $args = append $args (printf "--%s=%s" $name (tpl (include "zonewright.text" $one) $)) -}}
{{- else -}}
{{- $args = append $args (tpl (include "zonewright.word" (list $name $one)) $) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- else -}}
{{- range .Values.extraArgs }}{{ $args = append $args (tpl (include "zonewright.text" .) $) }}{{ end -}}
{{- end -}}
{{- toYaml $args -}}
{{- end }}

{{- /* A flag from its name and its value: switches take none, and neither does what has none. */}}
{{- define "zonewright.word" -}}
{{- $name := index . 0 -}}
{{- $value := index . 1 -}}
{{- if kindIs "invalid" $value -}}
--{{ $name }}
{{- else if kindIs "bool" $value -}}
--{{ ternary "" "no-" $value }}{{ $name }}
{{- else -}}
--{{ $name }}={{ include "zonewright.text" $value }}
{{- end -}}
{{- end }}

{{- /* A value as it was written: to templates all numbers are floating, and a million would become 1e+06. */}}
{{- define "zonewright.text" -}}
{{- if and (kindIs "float64" .) (eq (float64 (int64 .)) .) -}}
{{- int64 . -}}
{{- else -}}
{{- . -}}
{{- end -}}
{{- end }}

{{- define "zonewright.electsLeader" -}}
{{- $wanted := .Values.leaderElection.enabled -}}
{{- $replicas := int .Values.replicaCount -}}
{{- if and (gt $replicas 1) (kindIs "bool" $wanted) (not $wanted) -}}
{{- fail "more than one replica need leaderElection.enabled: otherwise all of them write" -}}
{{- end -}}
{{- if ternary $wanted (gt $replicas 1) (kindIs "bool" $wanted) }}true{{ end -}}
{{- end }}

{{- /* The values of a flag, wherever it is given, as a YAML list: (list name args env). The command line wins over the environment. */}}
{{- define "zonewright.flag" -}}
{{- $name := index . 0 -}}
{{- $values := list -}}
{{- $isNext := false -}}
{{- range index . 1 -}}
{{- if $isNext -}}
{{- $values = append $values . -}}
{{- $isNext = false -}}
{{- else if hasPrefix (printf "--%s=" $name) . -}}
{{- $values = append $values (trimPrefix (printf "--%s=" $name) .) -}}
{{- else if eq . (printf "--%s" $name) -}}
{{- $isNext = true -}}
{{- end -}}
{{- end -}}
{{- if not $values -}}
{{- $variable := printf "EXTERNAL_DNS_%s" ($name | upper | replace "-" "_") -}}
{{- range index . 2 -}}
{{- if and (eq .name $variable) .value }}{{ $values = .value | toString | splitList "\n" }}{{ end -}}
{{- end -}}
{{- end -}}
{{- toYaml $values -}}
{{- end }}

{{- /* Whether a switch is on, "true" or nothing: (list name args env). All that are asked for here are off by themselves. */}}
{{- define "zonewright.switch" -}}
{{- $name := index . 0 -}}
{{- $isOn := false -}}
{{- range index . 2 -}}
{{- if eq .name (printf "EXTERNAL_DNS_%s" ($name | upper | replace "-" "_")) }}{{ $isOn = eq (toString .value) "true" }}{{ end -}}
{{- end -}}
{{- range index . 1 -}}
{{- if eq . (printf "--%s" $name) }}{{ $isOn = true }}{{ end -}}
{{- if eq . (printf "--no-%s" $name) }}{{ $isOn = false }}{{ end -}}
{{- end -}}
{{- if $isOn }}true{{ end -}}
{{- end }}
