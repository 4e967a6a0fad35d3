{{- /* Everything about the Pod but containers and volumes. */}}
{{- define "zonewright.podSettings" -}}
{{- $v := .Values -}}
{{- if not (kindIs "invalid" $v.automountServiceAccountToken) }}
automountServiceAccountToken: {{ $v.automountServiceAccountToken }}
{{- end }}
serviceAccountName: {{ include "zonewright.serviceAccountName" . }}
{{- with default $v.global.imagePullSecrets $v.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if $v.shareProcessNamespace }}
shareProcessNamespace: true
{{- end }}
{{- with $v.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $v.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with $v.terminationGracePeriodSeconds }}
terminationGracePeriodSeconds: {{ int64 . }}
{{- end }}
{{- with $v.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with $v.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $v.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $v.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if $v.affinity }}
affinity:
  {{- include "zonewright.affinity" . | nindent 2 }}
{{- end }}
{{- with include "zonewright.topologySpread" . | fromYamlArray }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $v.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "zonewright.volumes" -}}
{{- if .Values.secretConfiguration.enabled }}
- name: secrets
  secret:
    secretName: {{ include "zonewright.fullname" . }}
{{- end }}
{{- if .Values.domainPolicy }}
- name: domain-policy
  configMap:
    name: {{ include "zonewright.fullname" . }}-domain-policy
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "zonewright.volumeMounts" -}}
{{- $v := .Values -}}
{{- if $v.secretConfiguration.enabled }}
- name: secrets
  mountPath: {{ tpl (required "secretConfiguration.mountPath must be given" $v.secretConfiguration.mountPath) . }}
  {{- with $v.secretConfiguration.subPath }}
  subPath: {{ tpl . $ }}
  {{- end }}
{{- end }}
{{- if $v.domainPolicy }}
- name: domain-policy
  mountPath: /etc/zonewright
  readOnly: true
{{- end }}
{{- with $v.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "zonewright.daemon" -}}
{{- $v := .Values -}}
- name: {{ include "zonewright.container" . }}
  image: {{ include "zonewright.image" . }}
  imagePullPolicy: {{ $v.image.pullPolicy }}
  {{- with $v.securityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.env }}
  env:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.envFrom }}
  envFrom:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  args:
    {{- include "zonewright.args" . | nindent 4 }}
  ports:
    - name: http
      protocol: TCP
      containerPort: 7979
  {{- with $v.startupProbe }}
  startupProbe:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.livenessProbe }}
  livenessProbe:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.readinessProbe }}
  readinessProbe:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with include "zonewright.volumeMounts" . | trim }}
  volumeMounts:
    {{- . | nindent 4 }}
  {{- end }}
  {{- with $v.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "zonewright.sidecar" -}}
{{- $v := .Values.provider.webhook -}}
- name: webhook
  image: {{ include "zonewright.webhookImage" . }}
  imagePullPolicy: {{ $v.image.pullPolicy }}
  {{- range $key := list "securityContext" "env" "args" }}
  {{- with get $v $key }}
  {{ $key }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  ports:
    - name: http-webhook
      protocol: TCP
      containerPort: 8080
  {{- range $key, $value := dict "livenessProbe" $v.livenessProbe "readinessProbe" $v.readinessProbe "volumeMounts" $v.extraVolumeMounts "resources" $v.resources }}
  {{- with $value }}
  {{ $key }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
{{- end }}
