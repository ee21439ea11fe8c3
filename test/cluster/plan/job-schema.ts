import { Ajv } from 'ajv';
import { jsonFixture } from '../../reference.ts';

const schema = jsonFixture<object>('kubernetes/job.schema.json');
// The formats int32, quantity … are Kubernetes' own and not checked; the types are.
const validate = new Ajv({ allErrors: true, strict: true, strictTypes: false, validateFormats: false }).compile(schema);

/** Errors of a Job by the published schema of Kubernetes; empty where it is valid. */
export function jobErrors(job: unknown): readonly string[] {
  if (validate(job)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath}: ${message} ${JSON.stringify(params)}`,
  );
}
