import { workerData } from 'node:worker_threads';
import { type DrawOptions, drawPhotos } from './draw.ts';

/** Draws its part of a set. An error ends the worker with it. */
void drawPhotos(workerData as DrawOptions);
