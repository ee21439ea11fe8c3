/** Something to do, and the command that does it if there is one. */
export interface Step {
  readonly what: string;
  readonly command?: string;
}
