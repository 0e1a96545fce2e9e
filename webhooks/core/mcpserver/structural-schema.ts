/**
 * What the CRD says beyond the types that validate.gen.ts and is-valid.gen.ts check: which fields exist, what the API server fills in,
 * which lists are maps, and the CEL rules. Only for judging without a cluster; in one, the API server does all this.
 */
export interface StructuralSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly additionalProperties?: StructuralSchema;
  readonly items?: StructuralSchema;
  /** Other fields than these are kept as they are (x-kubernetes-preserve-unknown-fields). */
  readonly isOpen?: true;
  /** Set by the API server where the field is missing or null. */
  readonly default?: unknown;
  /** The fields that together may occur once in the list (x-kubernetes-list-type: map). */
  readonly listMapKeys?: readonly string[];
  /** x-kubernetes-validations, in their order. */
  readonly rules?: readonly CrdRule[];
}

/** One CEL rule: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules */
export interface CrdRule {
  readonly rule: string;
  readonly message: string;
  /** Field below the rule's own place that the finding is about. */
  readonly field?: string;
}
