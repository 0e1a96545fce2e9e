/**
 * Whose behaviour counts where ours differs on purpose from the reference operator's (docs/compatibility.md). One value of an
 * installation, written in its policy, so that all three programs read the same one. The first is the default.
 */
export const compatibilityProfiles = ['default', 'reference'] as const;

export type CompatibilityProfile = (typeof compatibilityProfiles)[number];
