/** IANA service name: https://kubernetes.io/docs/concepts/services-networking/network-policies/ */
const portName = /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/;

/** Whether Kubernetes takes the text as the name of a port; `8080` in quotes is none. */
export function isPortName(text: string): boolean {
  return portName.test(text);
}
