import type { CaBundle } from '../platform/tls/ca-certificates.ts';

/**
 * Gives equal bundles the same object: an organisation's bundle may have 200 KiB and be copied to every namespace, and
 * is kept once that way. Does not keep a bundle alive by itself.
 */
export class CaBundlePool {
  readonly #bundles = new Map<string, WeakRef<CaBundle>>();

  share(bundle: CaBundle): CaBundle {
    const known = this.#bundles.get(bundle.digest)?.deref();
    if (known !== undefined) return known;
    for (const [digest, reference] of this.#bundles) {
      if (reference.deref() === undefined) this.#bundles.delete(digest);
    }
    this.#bundles.set(bundle.digest, new WeakRef(bundle));
    return bundle;
  }
}
