import { programVersion } from '../../system/version.ts';

const json = (schema: object): object => ({ 'application/json': { schema } });
const list = (items: object): object => ({ type: 'array', items });
const object = (properties: Readonly<Record<string, object>>): object => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
});

const text = { type: 'string' };
const probability = { type: 'number', minimum: 0, maximum: 1 };
const answers = object({
  head: { ...text, description: 'the folder of the report, as serve was given it' },
  images: list(object({ path: text, id: text, top: list(object({ class: text, probability })) })),
  failed: list(object({ path: text, reason: text })),
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
  const image = { type: 'string', format: 'binary' };
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
              description: 'classes for each photo, the most probable first',
              schema: { type: 'integer', minimum: 1, default: top },
            },
          ],
          requestBody: {
            required: true,
            description: `one image file as the body, or several as files of a form; at most ${mostBodyBytes} bytes in all`,
            content: {
              'application/octet-stream': { schema: image },
              'image/*': { schema: image },
              'multipart/form-data': { schema: object({ photos: list(image) }) },
            },
          },
          responses: {
            200: { description: 'An answer for at least one photo', content: json(schema) },
            422: { description: 'No photo could be read; `failed` says why', content: json(schema) },
            400: refusal('No photo, a wrong parameter, or a body that was cut off'),
            401: refusal('No token, or not the right one'),
            403: refusal('Sent by a page of another site'),
            408: { description: 'The request did not arrive within the time limit' },
            413: refusal('Too many bytes'),
            421: refusal('Sent to a name that is not this server’s'),
            503: { ...refusal('Too much is under way'), headers: { 'Retry-After': { schema: { type: 'integer' } } } },
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
                  heads: list(object({ head: text, model: text, accuracy: probability, classes: list(text) })),
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
