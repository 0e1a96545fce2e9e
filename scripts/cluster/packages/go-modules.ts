import path from 'node:path';
import { requireCommand } from '../command.ts';

/** The directories of `../go`, and one with a go.mod of its own by its absolute path. */
export function goFolder(component: string): string {
  return path.resolve(import.meta.dirname, '..', 'go', component);
}

/** Where Go keeps the sources of a module that a component needs; it is downloaded first. */
export async function moduleFolder(component: string, module: string): Promise<string> {
  const advice = 'the Go module proxy has to be reached';
  const text = await requireCommand(['go', 'mod', 'download', '-json', module], advice, { cwd: goFolder(component) });
  // Written by Go, whose format it is.
  return (JSON.parse(text) as { readonly Dir: string }).Dir;
}
