// Stands in for the generated API of @kubernetes/client-node in the bundle (400 kB, 900 modules): KubeConfig and
// PortForward name it only for API clients of their own, and our requests go through platform/kube.
export class ServerConfiguration {}
export class AppsV1Api {}
export class CoreV1Api {}

export function createConfiguration() {
  throw new Error('This image speaks to the API server through webhooks/platform/kube only.');
}
