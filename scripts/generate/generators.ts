import { admissionPolicy } from './admission-policy.ts';
import { chartCrds } from './chart-crds.ts';
import { chartDefaults } from './chart-defaults.ts';
import { outputSchemaPages } from './output-schemas.ts';
import { chartRbac } from './chart-rbac.ts';
import { cliPage } from './cli-page.ts';
import { compositeSchemas } from './composite-schemas.ts';
import { crd, otherCrds } from './crd.ts';
import { crdReference } from './crd-reference.ts';
import { dashboard } from './dashboard.ts';
import { foreignFieldsPage } from './foreign-fields-page.ts';
import type { Generator } from './generator.ts';
import { lists } from './lists.ts';
import { logsPage } from './logs-page.ts';
import { metricsPage } from './metrics-page.ts';
import { performancePage } from './performance-page.ts';
import { policyPage } from './policy-page.ts';
import { policySchema, policyValues } from './policy-schema.ts';
import { quickstartPicture } from './quickstart-picture.ts';
import { rulePages } from './rule-pages.ts';
import { structure } from './structure.ts';
import { types } from './types.ts';
import { validator } from './validator.ts';
import { validity } from './validity.ts';
import { valuesChangesPage } from './values-changes.ts';
import { valuesPage } from './values-page.ts';
import { verdicts } from './verdicts.ts';

/** Everything that is generated, in an order in which later ones may read what earlier ones wrote. */
export const generators: readonly Generator[] = [
  crd,
  otherCrds,
  types,
  validator,
  validity,
  crdReference,
  structure,
  compositeSchemas,
  lists,
  rulePages,
  verdicts,
  policyPage,
  policySchema,
  policyValues,
  cliPage,
  outputSchemaPages,
  metricsPage,
  dashboard,
  logsPage,
  foreignFieldsPage,
  performancePage,
  quickstartPicture,
  admissionPolicy,
  chartCrds,
  chartDefaults,
  valuesPage,
  valuesChangesPage,
  chartRbac,
];
