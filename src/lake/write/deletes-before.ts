import type { Engine } from '../../engine/engine.ts'
import { readDeletionVectors } from '../../format/puffin/deletion-vector.ts'
import type { ByteSource } from '../../storage/storage.ts'
import { rowsFromBatch } from '../../types/rows.ts'
import { uuidV7 } from '../../types/uuid-v7.ts'
import type { DeletesBefore } from '../commit/apply-rows.ts'
import type { DeletedPositions } from '../commit/delete-files.ts'
import { quotedName, quotedText } from '../catalog/quoted.ts'

export interface DeletesBeforeParts {
  readonly engine: Pick<Engine, 'register' | 'unregister' | 'describe' | 'execute'>
  readonly open: (reference: string) => ByteSource
}

/** What a file says is deleted, and since when: a delete file of DuckLake, or the deletion vectors that its extension writes on request. */
export function deletesBefore(
  reference: string,
  before: DeletesBefore,
  { engine, open }: DeletesBeforeParts,
): Promise<DeletedPositions> {
  return before.format === 'puffin'
    ? fromVectors(open(reference), before.snapshot)
    : fromParquet(engine, reference, before.snapshot)
}

/** Each vector has all that was deleted up to its snapshot, so a position came with the first that has it. */
async function fromVectors(source: ByteSource, told: number): Promise<DeletedPositions> {
  const { size } = await source.stat()
  const since = new Map<number, number>()
  for (const { positions, snapshot = told } of readDeletionVectors(await source.read(0, size), source.label))
    for (const position of positions) if (!since.has(position)) since.set(position, snapshot)
  const positions = Float64Array.from(since.keys()).sort()
  return { positions, snapshots: positions.map((position) => since.get(position)!) }
}

async function fromParquet(
  engine: DeletesBeforeParts['engine'],
  reference: string,
  told: number,
): Promise<DeletedPositions> {
  const id = `deletes ${uuidV7()}`
  const scan = `lf_scan(${quotedText(id)})`
  await engine.register({ id, format: 'parquet', files: [reference], options: { hivePartitioning: false } })
  try {
    const { fields } = await engine.describe({ sql: `FROM ${scan}`, sources: [id] })
    const snapshot = fields.find(({ name }) => name === '_ducklake_internal_snapshot_id')?.name
    const stream = await engine.execute({
      sql: `SELECT CAST(${quotedName(fields[1]!.name)} AS DOUBLE) AS p, CAST(${snapshot ?? told} AS DOUBLE) AS s FROM ${scan} ORDER BY 1`,
      sources: [id],
    })
    const [positions, snapshots]: [number[], number[]] = [[], []]
    try {
      for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) {
        for (const row of rowsFromBatch(batch)) {
          positions.push(row['p'] as number)
          snapshots.push(row['s'] as number)
        }
      }
    } finally {
      await stream.close()
    }
    return { positions, snapshots }
  } finally {
    await engine.unregister(id)
  }
}
