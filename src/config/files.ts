/** The files that a configuration may name, read by whoever has a file system. */
export interface Files {
  /** A file's text and its permission bits where there are such; else why it cannot be read. */
  read(path: string): FileContent;
}

export type FileContent =
  | { readonly text: string; readonly mode?: number }
  | { readonly text?: undefined; readonly problem: string };

/** No files at all. */
export const NO_FILES: Files = { read: () => ({ problem: 'No such file or directory' }) };
