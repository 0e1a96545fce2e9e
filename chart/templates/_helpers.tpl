{{/*
Begins every template: a value that is absent is as in values.yaml. `helm upgrade --reuse-values` brings those of the
release before, which has none that are new since. Helm renders files in an order of its own, so each of them asks for it.
*/}}
{{- define "mcp-lifecycle.fillIn" -}}
{{- include "mcp-lifecycle.fillInto" (list .Values (include "mcp-lifecycle.defaults" . | fromYaml)) }}
{{- end }}

{{- define "mcp-lifecycle.fillInto" -}}
{{- $values := index . 0 }}
{{- range $key, $default := index . 1 }}
{{- $given := get $values $key }}
{{- if and (kindIs "map" $given) (kindIs "map" $default) }}
{{- include "mcp-lifecycle.fillInto" (list $given $default) }}
{{- else if or (not (hasKey $values $key)) (kindIs "invalid" $given) }}
{{- $_ := set $values $key $default }}
{{- end }}
{{- end }}
{{- end }}

{{- define "mcp-lifecycle.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The prefix of every object's name: the release, with the chart's name unless the release already says it. */}}
{{- define "mcp-lifecycle.fullname" -}}
{{- $name := include "mcp-lifecycle.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* A name with a suffix, together at most 63 characters. Call with (list . "suffix"). */}}
{{- define "mcp-lifecycle.suffixed" -}}
{{- $root := index . 0 }}
{{- $suffix := index . 1 }}
{{- $room := sub 62 (len $suffix) | int }}
{{- printf "%s-%s" (include "mcp-lifecycle.fullname" $root | trunc $room | trimSuffix "-") $suffix }}
{{- end }}

{{- define "mcp-lifecycle.serviceName" -}}{{ include "mcp-lifecycle.suffixed" (list . "webhook") }}{{- end }}
{{/* The Secret that the webhook serves from: a user's, cert-manager's, or the one that the pods fill. */}}
{{- define "mcp-lifecycle.certificateSecretName" -}}
{{- if .Values.tls.existingSecret }}
{{- .Values.tls.existingSecret }}
{{- else if .Values.certManager.enabled }}
{{- include "mcp-lifecycle.suffixed" (list . "tls") }}
{{- else }}
{{- include "mcp-lifecycle.suffixed" (list . "certificate") }}
{{- end }}
{{- end }}

{{/* `managed`: the pods issue the certificate. `given`: somebody else does, and tells API servers. */}}
{{- define "mcp-lifecycle.certificateMode" -}}
{{- if and .Values.tls.existingSecret .Values.certManager.enabled }}
{{- fail "certManager.enabled and tls.existingSecret exclude each other: only one of them can issue the certificate" }}
{{- end }}
{{- if and .Values.tls.existingSecret (not .Values.tls.caBundle) }}
{{- fail "tls.existingSecret needs tls.caBundle, the CA by which API servers trust the certificate: --set-file tls.caBundle=ca.crt" }}
{{- end }}
{{- if and .Values.tls.caBundle (not .Values.tls.existingSecret) }}
{{- fail "tls.caBundle is for tls.existingSecret: without it, whoever issues the certificate writes the bundle" }}
{{- end }}
{{- ternary "given" "managed" (or .Values.certManager.enabled (not (empty .Values.tls.existingSecret))) }}
{{- end }}
{{/* Of the ConfigMap with tls.caBundle: a ServiceMonitor takes no CA but by reference. */}}
{{- define "mcp-lifecycle.metricsCaName" -}}{{ include "mcp-lifecycle.suffixed" (list . "metrics-ca") }}{{- end }}
{{- define "mcp-lifecycle.logConfigMapName" -}}{{ include "mcp-lifecycle.suffixed" (list . "logging") }}{{- end }}
{{/* Of the ConfigMap, of the pod and of the NetworkPolicy. */}}
{{- define "mcp-lifecycle.networkProbeName" -}}{{ include "mcp-lifecycle.suffixed" (list . "network-probe") }}{{- end }}
{{- define "mcp-lifecycle.leaseName" -}}{{ include "mcp-lifecycle.suffixed" (list . "leader") }}{{- end }}

{{/*
The same in every release, on purpose: a second release in the cluster, whose reconciler would work against the first
one's, is refused by Helm before anything of it exists, because these objects belong to the first.
*/}}
{{- define "mcp-lifecycle.webhookConfigurationName" -}}mcp-lifecycle{{- end }}

{{- define "mcp-lifecycle.admissionCheckName" -}}{{ include "mcp-lifecycle.suffixed" (list . "admission-check") }}{{- end }}
{{- define "mcp-lifecycle.admissionTestName" -}}{{ include "mcp-lifecycle.suffixed" (list . "admission-test") }}{{- end }}

{{- define "mcp-lifecycle.selectorLabels" -}}
app.kubernetes.io/name: {{ include "mcp-lifecycle.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Of every object: those of Helm, and commonLabels, which values.schema.json keeps apart from them. */}}
{{- define "mcp-lifecycle.labels" -}}
{{- with .Values.commonLabels }}
{{- toYaml . }}
{{ end -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "mcp-lifecycle.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* Of pods, besides their selector labels: one key once, and the nearer value wins. */}}
{{- define "mcp-lifecycle.podLabels" -}}
{{- toYaml (mergeOverwrite (include "mcp-lifecycle.labels" . | fromYaml) .Values.podLabels) }}
{{- end }}

{{- define "mcp-lifecycle.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "mcp-lifecycle.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.create is false: name the account that has to exist, in serviceAccount.name; the rights are bound to it" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "mcp-lifecycle.image" -}}
{{- $name := .Values.image.repository }}
{{- if not $name }}
{{- fail "image.repository is not set: no image is published, so build one (npm run image, or docker build .), push it to a registry of yours, and name it, as in --set image.registry=registry.example.com --set image.repository=platform/mcp-lifecycle" }}
{{- end }}
{{- with .Values.global.imageRegistry | default .Values.image.registry }}{{ $name = printf "%s/%s" . $name }}{{ end }}
{{- if and .Values.image.requireDigest (not .Values.image.digest) }}
{{- fail "image.requireDigest is set, and image.digest is not: name the image of the mirror by its digest, as in --set image.digest=sha256:…" }}
{{- end }}
{{- if .Values.image.digest }}
{{- printf "%s@%s" $name .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" $name (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{/* The chart's own, and those of the parent chart, which may be names only. */}}
{{- define "mcp-lifecycle.imagePullSecrets" -}}
{{- $names := list }}
{{- range concat .Values.imagePullSecrets .Values.global.imagePullSecrets }}
{{- $names = append $names (kindIs "string" . | ternary . (get (kindIs "map" . | ternary . dict) "name")) }}
{{- end }}
{{- with $names | uniq }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{/* What every pod of the release has: how it is pulled, which node and which runtime it gets, how it finds names. */}}
{{- define "mcp-lifecycle.podSettings" -}}
automountServiceAccountToken: true
securityContext:
  {{- include "mcp-lifecycle.podSecurityContext" . | nindent 2 }}
{{- with include "mcp-lifecycle.imagePullSecrets" . }}
{{- . | trim | nindent 0 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with .Values.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Names of the Secrets by which pods for stdio pull our image, with commas between them: those of their own namespaces only. */}}
{{- define "mcp-lifecycle.stdioPullSecrets" -}}
{{- $names := list }}
{{- range .Values.stdio.imagePullSecrets }}
{{- $names = append $names (kindIs "string" . | ternary . (get (kindIs "map" . | ternary . dict) "name")) }}
{{- end }}
{{- join "," ($names | uniq) }}
{{- end }}

{{/* What both containers share. */}}
{{- define "mcp-lifecycle.commonEnv" -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: LOG_LEVEL
  value: {{ .Values.logLevel }}
- name: CLUSTER_DOMAIN
  value: {{ .Values.clusterDomain }}
{{- if ne .Values.compatibility.profile "default" }}
- name: COMPATIBILITY_PROFILE
  value: {{ .Values.compatibility.profile | quote }}
{{- end }}
- name: OWN_IMAGE
  value: {{ include "mcp-lifecycle.image" . | quote }}
{{- with include "mcp-lifecycle.features" . }}
- name: FEATURES
  value: {{ . | quote }}
{{- end }}
# An allocator that gives buffers back at once keeps the container small after a burst of them. The threshold is above what each
# TLS record takes (17 KiB) and below the 32 KiB in which the engine's compilers take their memory.
- name: MALLOC_ARENA_MAX
  value: "1"
- name: MALLOC_MMAP_THRESHOLD_
  value: "20480"
- name: MALLOC_TRIM_THRESHOLD_
  value: "65536"
{{- end }}

{{/* What nobody else may use (rule own-identity-protected). */}}
{{- define "mcp-lifecycle.identityEnv" -}}
{{- $accounts := list (include "mcp-lifecycle.serviceAccountName" .) }}
{{- if .Values.admissionCheck.enabled }}{{ $accounts = append $accounts (include "mcp-lifecycle.admissionCheckName" .) }}{{ end }}
{{- $secrets := list (include "mcp-lifecycle.certificateSecretName" .) }}
{{- if and .Values.certManager.enabled (not .Values.certManager.issuerRef) }}{{ $secrets = append $secrets (include "mcp-lifecycle.suffixed" (list . "ca")) }}{{ end }}
{{- $labels := list }}
{{- range $key, $value := include "mcp-lifecycle.selectorLabels" . | fromYaml }}{{ $labels = append $labels (printf "%s=%s" $key $value) }}{{ end }}
- name: OWN_SERVICE_ACCOUNTS
  value: {{ join "," $accounts | quote }}
- name: OWN_SECRETS
  value: {{ join "," $secrets | quote }}
- name: OWN_POD_LABELS
  value: {{ join "," $labels | quote }}
{{- if .Values.metrics.tls.enabled }}
- name: METRICS_CERTIFICATE_SECRET
  value: {{ include "mcp-lifecycle.certificateSecretName" . }}
{{- end }}
{{- end }}

{{/* Where the policy is: a ConfigMap of the chart, or of the user; empty where the built-in one judges. */}}
{{- define "mcp-lifecycle.policyConfigMapName" -}}
{{- if and .Values.policy .Values.policyConfigMap.name }}
{{- fail "policy and policyConfigMap.name exclude each other: only one of them can judge" }}
{{- end }}
{{- if include "mcp-lifecycle.policyIsOurs" . }}{{ include "mcp-lifecycle.suffixed" (list . "policy") }}{{ else }}{{ .Values.policyConfigMap.name }}{{ end }}
{{- end }}

{{/* `true` where the chart writes the policy: it has values, or says a profile that is not the default. */}}
{{- define "mcp-lifecycle.policyIsOurs" -}}
{{- $said := dig "compatibility" "profile" .Values.compatibility.profile .Values.policy }}
{{- if ne $said .Values.compatibility.profile }}
{{- fail (printf "policy.compatibility.profile is %s, and compatibility.profile is %s: set compatibility.profile, and leave the other one out" $said .Values.compatibility.profile) }}
{{- end }}
{{- if or .Values.policy (and (ne .Values.compatibility.profile "default") (empty .Values.policyConfigMap.name)) }}true{{ end }}
{{- end }}

{{/* `true` where overrides choose namespaces by label, which is to read namespaces. */}}
{{- define "mcp-lifecycle.policyReadsNamespaces" -}}
{{- $reads := and .Values.policyConfigMap.name .Values.policyConfigMap.readsNamespaces }}
{{- range .Values.policy.overrides }}{{ if .namespaceLabels }}{{ $reads = true }}{{ end }}{{ end }}
{{- if and $reads .Values.watchNamespaces }}
{{- fail "watchNamespaces gives no right to read namespaces, so the policy cannot choose them by label: let its overrides name them" }}
{{- end }}
{{- if $reads }}true{{ end }}
{{- end }}

{{/* `true` where the policy has a rule about nothing but replicas judge somewhere: then scaling is asked about, too. */}}
{{- define "mcp-lifecycle.policyLimitsReplicas" -}}
{{- $policy := .Values.policy }}
{{- $limits := and .Values.policyConfigMap.name .Values.policyConfigMap.limitsReplicas }}
{{- range prepend (($policy.overrides | default list)) $policy }}
{{- $rules := .rules | default dict }}
{{- $rule := get $rules "max-replicas" | default dict }}
{{- if and (hasKey $rules "max-replicas") (not (has (toString (get $rule "action")) (list "off" "false"))) }}{{ $limits = true }}{{ end }}
{{- end }}
{{- if $limits }}true{{ end }}
{{- end }}

{{/* Where both containers find the policy. What is in it is no part of the pods: it changes without them. */}}
{{- define "mcp-lifecycle.policyEnv" -}}
{{- with include "mcp-lifecycle.policyConfigMapName" . }}
- name: POLICY_CONFIG_MAP
  value: {{ . | quote }}
- name: POLICY_KEY
  value: {{ ternary "policy.yaml" $.Values.policyConfigMap.key (empty $.Values.policyConfigMap.name) | quote }}
{{- with include "mcp-lifecycle.policyReadsNamespaces" $ }}
- name: POLICY_READS_NAMESPACES
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/*
How large the generations of the heap become, called with the megabytes of each: `young` is one of its two halves, `old`
stays well below the memory limit. In 1 MiB a request of the webhook costs a third more, because what sixteen of them hold
survives collections; the reconciler does not gain from more.
*/}}
{{- define "mcp-lifecycle.nodeOptions" -}}
- name: NODE_OPTIONS
  value: --max-semi-space-size={{ .young }} --max-old-space-size={{ int .old }}
{{- end }}

{{- define "mcp-lifecycle.podSecurityContext" -}}
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- range $field, $id := .Values.podSecurityContext }}
{{- if not (or (kindIs "invalid" $id) (kindIs "string" $id)) }}
{{ $field }}: {{ int64 $id }}
{{- end }}
{{- end }}
{{- end }}

{{- define "mcp-lifecycle.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
