{{- /*
What the daemon may do in the cluster, as a YAML list of {place, rule}; place is a namespace, or "" for the whole cluster. It follows from
the flags as they are rendered, extraArgs and env included. `zonewright rbac` makes the same from the program itself, and a test
compares the two.
*/}}
{{- define "zonewright.permissions" -}}
{{- $args := include "zonewright.args" . | fromYamlArray -}}
{{- $env := default list .Values.env -}}
{{- $sources := include "zonewright.flag" (list "source" $args $env) | fromYamlArray -}}
{{- $types := include "zonewright.flag" (list "service-type-filter" $args $env) | fromYamlArray -}}
{{- $own := include "zonewright.namespace" . -}}
{{- $watched := include "zonewright.flag" (list "namespace" $args $env) | fromYamlArray | last | default "" -}}
{{- $gateways := include "zonewright.flag" (list "gateway-namespace" $args $env) | fromYamlArray | last | default "" -}}
{{- /* Rows: group, resource, place, and whether the source gets on without it, holding what it cannot tell. */}}
{{- $read := list -}}
{{- range $sources -}}
{{- if eq . "ingress" -}}
{{- $read = append $read (list "networking.k8s.io" "ingresses" $watched false) -}}
{{- else if eq . "service" -}}
{{- $read = append $read (list "" "services" $watched false) -}}
{{- $all := or (empty $types) (has "" $types) -}}
{{- if or $all (has "NodePort" $types) (has "ClusterIP" $types) -}}
{{- $read = concat $read (list (list "" "pods" $watched false) (list "discovery.k8s.io" "endpointslices" $watched false)) -}}
{{- end -}}
{{- if or $all (has "NodePort" $types) }}{{ $read = append $read (list "" "nodes" "" true) }}{{ end -}}
{{- else if has . (list "gateway-grpcroute" "gateway-httproute" "gateway-tcproute" "gateway-tlsroute" "gateway-udproute") -}}
{{- $group := "gateway.networking.k8s.io" -}}
{{- $route := printf "%ss" (trimPrefix "gateway-" .) -}}
{{- $read = concat $read (list (list $group $route $watched false) (list $group "gateways" $gateways false) (list "" "namespaces" "" true)) -}}
{{- if include "zonewright.switch" (list "gateway-listener-sets" $args $env) -}}
{{- $read = append $read (list $group "listenersets" "" false) -}}
{{- end -}}
{{- else if eq . "crd" -}}
{{- $read = append $read (list "externaldns.k8s.io" "dnsendpoints" $watched false) -}}
{{- else if eq . "node" -}}
{{- $read = append $read (list "" "nodes" "" false) -}}
{{- else if eq . "pod" -}}
{{- $read = concat $read (list (list "" "pods" $watched false) (list "" "nodes" "" false)) -}}
{{- else if not (has . (list "fake" "empty")) -}}
{{- fail (printf "source %s is not part of this version of Zonewright" .) -}}
{{- end -}}
{{- end -}}
{{- range (default dict .Values.domainPolicy).rules -}}
{{- if not (kindIs "invalid" .namespaceSelector) }}{{ $read = append $read (list "" "namespaces" "" false) }}{{ end -}}
{{- end -}}
{{- $mayReadAll := true -}}
{{- $mayReadOptional := true -}}
{{- if $watched -}}
{{- $wanted := .Values.rbac.clusterWide -}}
{{- $mayReadAll = ternary $wanted true (kindIs "bool" $wanted) -}}
{{- $mayReadOptional = ternary $wanted (empty $gateways) (kindIs "bool" $wanted) -}}
{{- end -}}
{{- $rows := list -}}
{{- range $read -}}
{{- $isEverywhere := empty (index . 2) -}}
{{- if or (not $isEverywhere) (ternary $mayReadOptional $mayReadAll (index . 3)) -}}
{{- $rows = append $rows (dict "place" (index . 2) "rule" (dict "apiGroups" (list (index . 0)) "resources" (list (index . 1)) "verbs" (list "list" "watch"))) -}}
{{- end -}}
{{- end -}}
{{- $isDry := include "zonewright.switch" (list "dry-run" $args $env) -}}
{{- if eq "crd" (include "zonewright.flag" (list "registry" $args $env) | fromYamlArray | last) -}}
{{- $place := include "zonewright.flag" (list "crd-registry-namespace" $args $env) | fromYamlArray | last | default $own -}}
{{- $verbs := ternary (list "list") (list "create" "delete" "get" "list" "update") (not (empty $isDry)) -}}
{{- $rows = append $rows (dict "place" $place "rule" (dict "apiGroups" (list "externaldns.k8s.io") "resources" (list "dnsrecords") "verbs" $verbs)) -}}
{{- if not $isDry }}{{ $rows = append $rows (dict "place" $place "rule" (dict "apiGroups" (list "externaldns.k8s.io") "resources" (list "dnsrecords/status") "verbs" (list "update"))) }}{{ end -}}
{{- end -}}
{{- if not $isDry -}}
{{- $rows = concat $rows (include "zonewright.writePermissions" (list $ $args $env $sources $watched $own) | fromYamlArray) -}}
{{- end -}}
{{- toYaml (uniq $rows) -}}
{{- end }}

{{- /* What is written, which a dry run does not: (list $ args env sources watched own). */}}
{{- define "zonewright.writePermissions" -}}
{{- $args := index . 1 -}}
{{- $env := index . 2 -}}
{{- $sources := index . 3 -}}
{{- $watched := index . 4 -}}
{{- $own := index . 5 -}}
{{- $rows := list -}}
{{- if has "crd" $sources -}}
{{- $rows = append $rows (dict "place" $watched "rule" (dict "apiGroups" (list "externaldns.k8s.io") "resources" (list "dnsendpoints/status") "verbs" (list "update"))) -}}
{{- end -}}
{{- if include "zonewright.flag" (list "events-emit" $args $env) | fromYamlArray -}}
{{- $rule := dict "apiGroups" (list "events.k8s.io") "resources" (list "events") "verbs" (list "create") -}}
{{- $rows = append $rows (dict "place" $watched "rule" $rule) -}}
{{- /* Events on what is in no namespace are kept in this one. */}}
{{- if and $watched (has "node" $sources) }}{{ $rows = append $rows (dict "place" "default" "rule" $rule) }}{{ end -}}
{{- end -}}
{{- if include "zonewright.switch" (list "leader-elect" $args $env) -}}
{{- $place := include "zonewright.flag" (list "leader-election-namespace" $args $env) | fromYamlArray | last | default $own -}}
{{- $lease := include "zonewright.flag" (list "leader-election-lease-name" $args $env) | fromYamlArray | last -}}
{{- $lease = required "leader election by extraArgs needs --leader-election-lease-name there, too; better set leaderElection.enabled" $lease -}}
{{- $leases := dict "apiGroups" (list "coordination.k8s.io") "resources" (list "leases") -}}
{{- $rows = append $rows (dict "place" $place "rule" (merge (dict "verbs" (list "create")) $leases)) -}}
{{- $rows = append $rows (dict "place" $place "rule" (merge (dict "resourceNames" (list $lease) "verbs" (list "get" "update")) $leases)) -}}
{{- end -}}
{{- range include "zonewright.flag" (list "approval-configmap" $args $env) | fromYamlArray -}}
{{- $parts := splitList "/" . -}}
{{- $place := ternary (first $parts) $own (gt (len $parts) 1) -}}
{{- $rows = append $rows (dict "place" $place "rule" (dict "apiGroups" (list "") "resources" (list "configmaps") "resourceNames" (list (last $parts)) "verbs" (list "get" "update"))) -}}
{{- end -}}
{{- toYaml $rows -}}
{{- end }}
