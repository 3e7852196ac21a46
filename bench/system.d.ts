/** How a file is named to a system: by address, by path on disk, or (set by `keep`) by what it holds itself. */
export interface BenchFile {
  readonly name: string
  readonly address: string
}

export interface Answer {
  readonly milliseconds: number
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  /** What the query cost by the system's own account: ours only. */
  readonly metrics?: unknown
}

/** One of the systems that are compared, as it runs in a page or in a process. */
export interface System {
  /** Makes it ready for queries; milliseconds that took. `engine` is another engine file, `memoryLimit` what it may hold (ours only). */
  boot(engine?: string, memoryLimit?: string): Promise<number>
  /** Takes the file as one that a user chose from disk, or in the way that makes warm queries fastest. Not measured. */
  keep(file: BenchFile, how: 'chosen' | 'fastest'): Promise<void>
  /** Runs a query to its last row, as JavaScript objects. The text names its files `{name}`. */
  query(sql: string, files: readonly BenchFile[]): Promise<Answer>
}

declare global {
  var bench: System
}
