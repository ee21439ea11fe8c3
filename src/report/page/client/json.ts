/**
 * What the page carries for its script, as JSON. Long columns are typed arrays, little-endian, in base64: `U16`, `U32`
 * and `F32` say which. Probabilities are 0 to 65,535, places count images, classes count `classes`.
 */
type U16 = string;
type U32 = string;

export interface PageJson {
  readonly groups: readonly GroupJson[];
}

export interface GroupJson {
  readonly classes: readonly string[];
  readonly images: ImagesJson;
  /** Test images in the order of their answers; the same for every run. */
  readonly tested: { readonly image: U32; readonly repeat: U16 };
  readonly runs: readonly RunJson[];
  readonly near?: NearJson;
  readonly map?: MapJson;
  /** Pairs of photos that are nearly the same: two places each. */
  readonly twins: readonly (readonly [number, number])[];
}

export interface ImagesJson {
  readonly ids: readonly string[];
  /** Class of the label; 65,535 if unknown. */
  readonly labels: U16;
  /** How to make a path from an id, if paths follow from ids. */
  readonly pattern: readonly [before: string, after: string] | null;
  /** Paths that are not as they would be made, by place. */
  readonly paths: Readonly<Record<string, string>>;
  /** Folder that the paths are below; empty if it is not known. */
  readonly folder: string;
  /** The same from the page's own folder, as a link. */
  readonly link: string;
  /** WebP files in base64, empty if there is none. */
  readonly photos: readonly string[];
}

export interface RunJson {
  readonly name: string;
  /** Answers in the order of `tested`; absent without predictions.csv. */
  readonly answers?: { readonly predicted: U16; readonly probability: U16; readonly trueProbability: U16 };
  /** The predicted and the most probable other classes of each answer, `count` of them; absent in reports of older versions. */
  readonly top?: { readonly count: number; readonly classes: U16; readonly probabilities: U16 };
  /** Confusion matrix: true class, predicted class and count of each cell that is not empty. */
  readonly cells: U32;
  /** Classes in an order that puts those that are confused side by side. */
  readonly order: U16;
  /** Of each class: training images (-1 where not known), test images, precision, recall, F1. */
  readonly perClass: readonly (readonly [number, number, number, number, number])[];
  /** Labels that may be wrong, the likeliest first. */
  readonly suspects: { readonly image: U32; readonly suggestion: U16; readonly label: U16; readonly suggested: U16 };
}

export interface NearJson {
  /** Nearest others of the first images, most alike first, 4,294,967,295 if there are fewer: [images, count] */
  readonly count: number;
  readonly nearest: U32;
  /** Cosines, 0 to 65,535. */
  readonly similarity: U16;
}

export interface MapJson {
  readonly image: U32;
  readonly views: readonly MapViewJson[];
}

export interface MapViewJson {
  readonly name: string;
  readonly x: string;
  readonly y: string;
  /** x and y of each dot, 0 to 65,535, both over the same length. */
  readonly points: U16;
}
