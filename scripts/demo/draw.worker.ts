import { workerData } from 'node:worker_threads';
import { type DrawOptions, drawPhotos } from './draw.ts';

/** Draws its part of a set. An error ends the worker. */
void drawPhotos(workerData as DrawOptions);
