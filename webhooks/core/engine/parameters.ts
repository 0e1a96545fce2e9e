/** What the parameters of rules hold, by the word by which a rule declares them. */
interface ParameterValues {
  strings: readonly string[];
  integer: number;
  /** As Kubernetes writes it: `500m`, `2Gi`. */
  quantity: string;
  boolean: boolean;
  text: string;
  map: Readonly<Record<string, string>>;
}

export type ParameterType = keyof ParameterValues;
export type ParameterValue = ParameterValues[ParameterType];

interface ParameterOf<Type extends ParameterType> {
  readonly type: Type;
  /** A clause for the page of the rule and for the schema of policies: what it is, in which unit. */
  readonly help: string;
  /** Without one a policy that lets the rule judge has to give it, unless `isOptional`. */
  readonly default?: ParameterValues[Type];
  /** It may be absent, and then the rule does without. */
  readonly isOptional?: true;
}

/** What each text of a list, or each key of a map, has to look like; in the schema of policies, too. */
export interface TextForm {
  /** Completes "has to be …". */
  readonly what: string;
  readonly pattern: RegExp;
  /** These are none, although they look like it. */
  readonly except?: readonly string[];
  /** What a pattern cannot say. */
  readonly isUsable?: (text: string) => boolean;
}

/** One parameter of a rule, declared beside its metadata and given by a policy. */
export type Parameter =
  | (ParameterOf<'strings'> & {
      readonly choices?: readonly string[];
      readonly form?: TextForm;
      readonly minItems?: number;
      readonly maxItems?: number;
    })
  | (ParameterOf<'integer'> & { readonly minimum?: number; readonly maximum?: number })
  | ParameterOf<'quantity'>
  | ParameterOf<'boolean'>
  | (ParameterOf<'text'> & { readonly choices?: readonly string[] })
  | (ParameterOf<'map'> & { readonly values?: 'quantity'; readonly keys?: TextForm });

/** By name, in camelCase. */
export type ParameterTable = Readonly<Record<string, Parameter>>;

/** What a rule with these parameters is given. */
export type ParametersOf<Table extends ParameterTable> = { readonly [Name in keyof Table]: ValueOf<Table[Name]> };

type ValueOf<One extends Parameter> =
  ParameterValues[One['type']] | (One extends { readonly isOptional: true } ? undefined : never);

/** The same of any rule: what its table says was given is there, and nothing else. */
export type RuleParameters = Readonly<Record<string, ParameterValue | undefined>>;

/** Of a rule without parameters. */
export const noParameters: RuleParameters = {};

/** What stands where a policy says nothing. */
export function defaultParameters(table: ParameterTable | undefined): RuleParameters {
  if (table === undefined) return noParameters;
  const defaults = Object.entries(table).flatMap(([name, { default: value }]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return Object.fromEntries(defaults);
}
