import { programVersion } from '../../system/version.ts';

const json = (schema: object): object => ({ 'application/json': { schema } });
const list = (items: object): object => ({ type: 'array', items });
const object = (
  properties: Readonly<Record<string, object>>,
  optional: Readonly<Record<string, object>> = {},
): object => ({
  type: 'object',
  properties: { ...properties, ...optional },
  required: Object.keys(properties),
});

const text = { type: 'string' };
const probability = { type: 'number', minimum: 0, maximum: 1 };
const number = { type: 'number' };
const ranked = object({ class: text, probability });
const flag = { type: 'boolean' };
const evidence = {
  ...object(
    {
      class: { ...text, description: 'the predicted one' },
      score: { ...number, description: 'the score behind its probability; the mean of the map' },
      map: {
        ...list(list(number)),
        description: 'parts of the score, [rows][columns] from the upper left of the crop',
      },
    },
    { png: { ...text, contentEncoding: 'base64', description: "the map over the network's input" } },
  ),
  description: 'with why or overlay, if the head has a map',
};
const image = object(
  { path: text, id: text, top: { ...list(ranked), description: 'the predicted class, then the most probable others' } },
  {
    mostProbable: { ...ranked, description: 'where the predicted class, won by votes, is less probable than this one' },
    set: { ...list(text), description: 'with coverage or abstain: the classes of the set, the predicted one first' },
    large: { ...flag, description: 'with set: the set is large' },
    answer: {
      type: ['string', 'null'],
      description:
        'with abstain: the only class of the set; null for not sure, also of a photo unlike the training photos',
    },
    unlike: { ...flag, description: 'with unlike: whether the photo is unlike the training photos' },
    like: {
      ...list(object({ id: text, label: text, similarity: number })),
      description: 'with why: the nearest training photos',
    },
    evidence,
  },
);
const answers = object({
  head: { ...text, description: 'the folder of the report, as serve was given it' },
  images: list(image),
  failed: list(object({ path: text, reason: text })),
});
const option = (name: string, description: string): object => ({
  name,
  in: 'query',
  description,
  schema: { ...flag, default: false },
});
const refusal = (description: string): object => ({ description, content: json(object({ error: text })) });

/**
 * The OpenAPI document of a server.
 *
 * @param headCount with one head an answer is what `predict --json` prints, with several one such document for each
 */
export function openApi(
  headCount: number,
  {
    top,
    mostBodyBytes,
    token,
  }: { readonly top: number; readonly mostBodyBytes: number; readonly token: string | undefined },
): object {
  const schema = headCount === 1 ? answers : object({ heads: list(answers) });
  const file = { type: 'string', format: 'binary' };
  const security = token === undefined ? {} : { security: [{ token: [] }] };
  return {
    openapi: '3.1.0',
    info: { title: 'featuretap serve', version: programVersion(), description: 'Classifies photos; keeps none.' },
    paths: {
      '/predict': {
        post: {
          summary: 'Classify one photo, or several',
          ...security,
          parameters: [
            {
              name: 'top',
              in: 'query',
              description: 'classes for each photo, the predicted one first',
              schema: { type: 'integer', minimum: 1, default: top },
            },
            {
              name: 'coverage',
              in: 'query',
              description: 'adds a set of classes that contains the true one this often',
              schema: { type: 'number', exclusiveMinimum: 0, maximum: 0.9999 },
            },
            option(
              'abstain',
              'one class, or null if the set of coverage [0.95] has more or the photo is unlike the training photos',
            ),
            option('unlike', 'marks photos that are unlike the training photos'),
            option('why', 'adds the nearest training photos and the class activation map'),
            option('overlay', 'adds the class activation map drawn over the photo; one photo per request'),
          ],
          requestBody: {
            required: true,
            description: `one image file as the body, or several as files of a form; at most ${mostBodyBytes} bytes in all`,
            content: {
              'application/octet-stream': { schema: file },
              'image/*': { schema: file },
              'multipart/form-data': { schema: object({ photos: list(file) }) },
            },
          },
          responses: {
            200: { description: 'An answer for at least one photo', content: json(schema) },
            422: { description: 'No photo could be read; `failed` says why', content: json(schema) },
            400: refusal('No photo, an invalid parameter, one that no head can answer, or a truncated body'),
            401: refusal('Missing or wrong token'),
            403: refusal('Sent by a page of another site'),
            408: { description: 'The request did not arrive within the time limit' },
            413: refusal('Too many bytes'),
            421: refusal('Sent to a name that is not this server’s'),
            503: {
              ...refusal('Too many requests or bytes in flight'),
              headers: { 'Retry-After': { schema: { type: 'integer' } } },
            },
            504: refusal('No answer within the time limit'),
          },
        },
      },
      '/classes': {
        get: {
          summary: 'The heads and their classes',
          ...security,
          responses: {
            200: {
              description: 'Heads in the order in which answers hold them',
              content: json(
                object({
                  heads: list(
                    object({
                      head: text,
                      model: text,
                      accuracy: probability,
                      classes: list(text),
                      without: {
                        ...object({}, { set: text, like: text, evidence: text }),
                        description: 'what it cannot say of a photo, and why',
                      },
                    }),
                  ),
                }),
              ),
            },
          },
        },
      },
      '/health': {
        get: {
          summary: 'Whether the server is up',
          responses: { 200: { description: 'It is', content: json(object({ status: text })) } },
        },
      },
    },
    ...(token === undefined ? {} : { components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } } }),
  };
}
