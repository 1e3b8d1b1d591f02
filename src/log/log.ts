/** What the person at 23:00 reads. Lines are plain text; an adapter formats them. */
export type Log = {
  /** Opens a group of lines; the previous one ends. */
  stage(title: string): void;
  /** Ends the open group: what follows is outside it. */
  end(): void;
  info(line: string): void;
  /** Something is still running: only of interest now. */
  progress(line: string): void;
  warn(line: string): void;
  /** A line that another program printed: nothing in it is a command to us. */
  output(host: string, line: string): void;
};

export const silent: Log = { stage() {}, end() {}, info() {}, progress() {}, warn() {}, output() {} };
