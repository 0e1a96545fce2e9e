// Stands in for the generated API of @kubernetes/client-node in the bundle (400 kB, 900 modules): KubeConfig names it
// only for API clients of its own, and our requests go through platform/kube.
export class ServerConfiguration {}

export function createConfiguration() {
  throw new Error('This image speaks to the API server through webhooks/platform/kube only.');
}
