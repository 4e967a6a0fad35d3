{{- /*
Names. A release that was made with the ExternalDNS chart keeps the names and labels of its objects: the Deployment is changed in place, so
that never two programs run, and the service account stays the one that clouds know. So the program is called "external-dns" in
objects, unless the release says that it is a new one by having "zonewright" in its name. A chart that contains this one under an alias
gives the name, as with any chart.
*/}}
{{- define "zonewright.name" -}}
{{- $own := ternary "zonewright" "external-dns" (contains "zonewright" .Release.Name) -}}
{{- $own = ternary $own .Chart.Name (eq .Chart.Name "zonewright") -}}
{{- default $own .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "zonewright.fullname" -}}
{{- $name := include "zonewright.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "zonewright.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end }}

{{- define "zonewright.container" -}}
{{- ternary "zonewright" "external-dns" (contains "zonewright" .Release.Name) -}}
{{- end }}

{{- define "zonewright.selectorLabels" -}}
app.kubernetes.io/name: {{ include "zonewright.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "zonewright.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "zonewright.selectorLabels" . }}
{{- with .Chart.AppVersion }}
app.kubernetes.io/version: {{ . | quote }}
{{- end }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* The metadata of an object of ours: (list $ suffix namespace labels annotations). Without a namespace it is cluster-wide. */}}
{{- define "zonewright.metadata" -}}
{{- $root := index . 0 -}}
name: {{ include "zonewright.fullname" $root }}{{ index . 1 }}
{{- with index . 2 }}
namespace: {{ . }}
{{- end }}
labels:
  {{- include "zonewright.labels" $root | nindent 2 }}
  {{- with index . 3 }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with index . 4 }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "zonewright.serviceAccountName" -}}
{{- $default := ternary (include "zonewright.fullname" .) "default" .Values.serviceAccount.create -}}
{{- default $default .Values.serviceAccount.name -}}
{{- end }}

{{- define "zonewright.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (default (printf "v%s" $.Chart.AppVersion) .tag) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "zonewright.webhookImage" -}}
{{- with .Values.provider.webhook.image -}}
{{- if not (and .repository .tag) -}}
{{- fail "provider webhook needs provider.webhook.image.repository and provider.webhook.image.tag" -}}
{{- end -}}
{{- printf "%s:%s" .repository .tag -}}
{{- end -}}
{{- end }}

{{- /* The provider's name: of the map, or of the string that old values files have in its place. */}}
{{- define "zonewright.provider" -}}
{{- $name := .Values.provider -}}
{{- if kindIs "map" $name -}}
{{- $name = $name.name -}}
{{- end -}}
{{- tpl (required "provider.name must be given" $name) . -}}
{{- end }}
