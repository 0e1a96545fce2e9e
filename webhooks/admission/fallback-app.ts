import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { endpoints } from './handler.ts';
import { refusal, refuse } from './refusal.ts';

/** Answers whatever reaches the webhook's port and is not an admission call, so that a wrong setting explains itself. */
export function createFallbackApp(): Express {
  const paths = endpoints.map((endpoint) => `/${endpoint}`);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.all(paths, (request, response) => {
    response.setHeader('allow', 'POST');
    return refuse(request, response, refusal(405, 'MethodNotAllowed', `${request.path} answers POST only.`));
  });
  app.use((request, response) =>
    refuse(request, response, refusal(404, 'NotFound', `Nothing here: the webhooks are ${paths.join(', ')}.`)),
  );
  // Express recognises an error handler by its four parameters.
  app.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    return refuse(request, response, refusal(400, 'BadRequest', 'The request cannot be read.'));
  });
  return app;
}
