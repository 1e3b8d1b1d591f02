/** Where the person at 23:00 reads. Lines are plain text; an adapter gives them their form. */
export type Log = {
  /** Opens a group of lines; the one before ends. */
  stage(title: string): void;
  /** Ends the open group: what follows stands on its own. */
  end(): void;
  info(line: string): void;
  /** Something is still going on: of interest only now. */
  progress(line: string): void;
  warn(line: string): void;
  /** A line that another program printed: nothing in it is a command to us. */
  output(host: string, line: string): void;
};

export const silent: Log = { stage() {}, end() {}, info() {}, progress() {}, warn() {}, output() {} };
