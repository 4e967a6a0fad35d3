{{- /* Affinity, in which Pod terms without a label selector get that of our Pods. */}}
{{- define "zonewright.affinity" -}}
{{- $affinity := deepCopy .Values.affinity -}}
{{- $selector := dict "matchLabels" (include "zonewright.selectorLabels" . | fromYaml) -}}
{{- range $kind := list "podAffinity" "podAntiAffinity" -}}
{{- $terms := get $affinity $kind | default dict -}}
{{- range $terms.preferredDuringSchedulingIgnoredDuringExecution -}}
{{- if not .podAffinityTerm.labelSelector }}{{ $_ := set .podAffinityTerm "labelSelector" $selector }}{{ end -}}
{{- end -}}
{{- range $terms.requiredDuringSchedulingIgnoredDuringExecution -}}
{{- if not .labelSelector }}{{ $_ := set . "labelSelector" $selector }}{{ end -}}
{{- end -}}
{{- end -}}
{{- toYaml $affinity -}}
{{- end }}

{{- /* Topology spread constraints, likewise; several replicas without any wishes keep to different nodes where they can. */}}
{{- define "zonewright.topologySpread" -}}
{{- $constraints := deepCopy (default list .Values.topologySpreadConstraints) -}}
{{- if and (gt (int .Values.replicaCount) 1) (not $constraints) (not .Values.affinity) -}}
{{- $constraints = list (dict "maxSkew" 1 "topologyKey" "kubernetes.io/hostname" "whenUnsatisfiable" "ScheduleAnyway") -}}
{{- end -}}
{{- range $constraints -}}
{{- if not (hasKey . "labelSelector") }}{{ $_ := set . "labelSelector" (dict "matchLabels" (include "zonewright.selectorLabels" $ | fromYaml)) }}{{ end -}}
{{- end -}}
{{- toYaml $constraints -}}
{{- end }}

{{- /* A rolling update is spelt out, with the API's own defaults: defaults that the API server fills in belong to nobody, stay when the type
changes, and are an error beside Recreate. */}}
{{- define "zonewright.strategy" -}}
{{- $type := ternary "RollingUpdate" "Recreate" (eq (include "zonewright.electsLeader" .) "true") -}}
{{- $strategy := merge (deepCopy (default dict .Values.deploymentStrategy)) (dict "type" $type) -}}
{{- if eq $strategy.type "RollingUpdate" -}}
{{- $strategy = merge $strategy (dict "rollingUpdate" (dict "maxSurge" "25%" "maxUnavailable" "25%")) -}}
{{- end -}}
{{- toYaml $strategy -}}
{{- end }}
