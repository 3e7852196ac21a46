import type { WriteFormat } from './write-task.ts'

const endings: readonly (readonly [WriteFormat, RegExp])[] = [
  ['parquet', /\.(?:parquet|pq|parq)$/i],
  ['avro', /\.avro$/i],
  ['csv', /\.(?:csv|tsv)(?:\.gz|\.zst)?$/i],
  ['json', /\.(?:json|ndjson|jsonl)(?:\.gz|\.zst)?$/i],
  ['arrow', /\.(?:arrow|arrows|feather|ipc)$/i],
]

/** The format that a name of a file ends in, when it is one that can be written. */
export function writeFormatOf(name: string): WriteFormat | undefined {
  const path = name.split(/[?#]/, 1)[0]!
  return endings.find(([, ending]) => ending.test(path))?.[0]
}
