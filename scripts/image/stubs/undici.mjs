// Stands in for undici in the bundle (half a megabyte, 13 MB of memory): of @kubernetes/client-node we run only
// KubeConfig, which builds these agents but leaves requests to platform/kube over node:https.
export class Agent {}

export class ProxyAgent {
  constructor() {
    throw new Error('A proxy-url in a kubeconfig is not supported by this image: reach the API server directly.');
  }
}

export function fetch() {
  return Promise.reject(new Error('This image speaks to the API server through webhooks/platform/kube only.'));
}
