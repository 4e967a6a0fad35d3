{{- /* Whether there is anything to clean up, "true" or nothing: a dry run has made no records. */}}
{{- define "zonewright.cleansUp" -}}
{{- if .Values.cleanup.onDelete -}}
{{- if not (include "zonewright.switch" (list "dry-run" (include "zonewright.args" . | fromYamlArray) (default list .Values.env))) }}true{{ end -}}
{{- end -}}
{{- end }}

{{- /* Whose records go. Whoever has given no owner shares "default" with everybody else who has not. */}}
{{- define "zonewright.cleanupOwner" -}}
{{- $args := include "zonewright.args" . | fromYamlArray -}}
{{- $env := default list .Values.env -}}
{{- $owner := include "zonewright.flag" (list "txt-owner-id" $args $env) | fromYamlArray | last -}}
{{- if eq (include "zonewright.flag" (list "registry" $args $env) | fromYamlArray | last) "noop" -}}
{{- fail "cleanup.onDelete: with registry noop nobody knows which records are to be deleted" -}}
{{- end -}}
{{- required "cleanup.onDelete needs txtOwnerId, the owner whose records are deleted" $owner -}}
{{- end }}

{{- /* The command: that of the daemon as a cleanup, which ignores what is about objects. The guard would withhold just this. */}}
{{- define "zonewright.cleanupArgs" -}}
{{- $guard := list "--delete-guard" "--no-delete-guard" -}}
{{- $args := list "cleanup" (printf "--owner=%s" (include "zonewright.cleanupOwner" .)) -}}
{{- $args = append $args (printf "--stop-deployment=%s/%s" (include "zonewright.namespace" .) (include "zonewright.fullname" .)) -}}
{{- $args = append $args "--no-delete-guard" -}}
{{- range include "zonewright.args" . | fromYamlArray -}}
{{- if not (has . $guard) }}{{ $args = append $args . }}{{ end -}}
{{- end -}}
{{- toYaml $args -}}
{{- end }}

{{- /* What runs beside the daemon, in a form in which a Job can end: init containers that go on. */}}
{{- define "zonewright.cleanupSidecars" -}}
{{- $sidecars := deepCopy (default list .Values.extraContainers) -}}
{{- if eq (include "zonewright.provider" .) "webhook" -}}
{{- range include "zonewright.sidecar" . | fromYamlArray -}}
{{- /* The provider has to answer before the cleanup begins. */}}
{{- $probe := .readinessProbe -}}
{{- $sidecar := omit . "readinessProbe" "livenessProbe" -}}
{{- with $probe }}{{ $_ := set $sidecar "startupProbe" . }}{{ end -}}
{{- $sidecars = append $sidecars $sidecar -}}
{{- end -}}
{{- end -}}
{{- range $sidecars }}{{ $_ := set . "restartPolicy" "Always" }}{{ end -}}
{{- if and $sidecars (semverCompare "<1.29.0-0" .Capabilities.KubeVersion.Version) -}}
{{- fail "cleanup.onDelete with provider webhook or extraContainers needs Kubernetes 1.29, which has sidecars in Jobs" -}}
{{- end -}}
{{- toYaml $sidecars -}}
{{- end }}

{{- /* The values of a Pod that need not keep to, or away from, the Pods of the daemon. */}}
{{- define "zonewright.cleanupPodSettings" -}}
{{- $values := dict -}}
{{- range $key, $value := .Values }}{{ $_ := set $values $key $value }}{{ end -}}
{{- $affinity := omit (default dict .Values.affinity) "podAffinity" "podAntiAffinity" -}}
{{- range $key, $value := dict "affinity" $affinity "topologySpreadConstraints" list "replicaCount" 1 }}{{ $_ := set $values $key $value }}{{ end -}}
{{- include "zonewright.podSettings" (dict "Values" $values "Release" .Release "Chart" .Chart "Template" .Template "Capabilities" .Capabilities) -}}
{{- end }}

{{- /* Metadata of an object that is there while the release is uninstalled: (list $ weight). A failed Job stays, for its log. */}}
{{- define "zonewright.cleanupMetadata" -}}
{{- $root := index . 0 -}}
{{- $annotations := dict "helm.sh/hook" "pre-delete" "helm.sh/hook-weight" (toString (index . 1)) -}}
{{- $_ := set $annotations "helm.sh/hook-delete-policy" "before-hook-creation,hook-succeeded" -}}
{{- include "zonewright.metadata" (list $root "-cleanup" (include "zonewright.namespace" $root) nil $annotations) -}}
{{- end }}
