{{- define "holdfast-agent.labels" -}}
app.kubernetes.io/name: holdfast-agent
app.kubernetes.io/part-of: argocd
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "holdfast-agent.selector" -}}
app.kubernetes.io/name: holdfast-agent
{{- end }}
