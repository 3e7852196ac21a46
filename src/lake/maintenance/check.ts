import { isLakefrontError } from '../../errors.ts'
import { readFooter } from '../../format/parquet/footer.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Catalog, CatalogReader } from '../catalog/catalog.ts'
import { checkCatalog, tableNames } from './check-catalog.ts'
import type { Finding } from './check-catalog.ts'
import { foldersSql, isRelativeSql, pathSql } from '../snapshot/lake-files.ts'

export interface CheckParts {
  readonly catalog: Catalog
  /** The lake's data path. */
  readonly data: Storage
  /** Compares what the catalog says of values with the values. */
  readonly checkValues?: (options: { readonly signal?: AbortSignal }) => Promise<readonly Finding[]>
}

export interface CheckOptions {
  /** Whether footers and values are read too. Default true; otherwise files are only looked for. */
  readonly data?: boolean
  readonly signal?: AbortSignal
}

export interface CheckReport {
  /** Errors first. */
  readonly findings: readonly Finding[]
  /** Whether there is no error. */
  readonly isSound: boolean
  readonly tables: number
  readonly dataFiles: number
  readonly deleteFiles: number
}

/** Files looked into side by side. */
const parallelFiles = 8

interface FileRow {
  readonly path: string
  readonly shown: string
  readonly table: string | undefined
  readonly bytes: number
  readonly footerBytes: number | undefined
  /** Rows in it, positions in a file of deletes. */
  readonly rows: number
  readonly isDeletes: boolean
  readonly format: string
}

/** Compares the catalog with itself, with the files it names and, unless told otherwise, with what is in them. Changes nothing. */
export async function check(
  { catalog, data, checkValues }: CheckParts,
  options: CheckOptions = {},
): Promise<CheckReport> {
  const { signal, data: isDeep = true } = options
  const own = signal === undefined ? {} : { signal }
  await catalog.refresh(own)
  const { findings, files, tables } = await catalog.reading(async (reader) => ({
    findings: await checkCatalog(reader),
    files: await fileRows(reader),
    tables: await tableNames(reader),
  }))
  const sizes = await sizesOf(data, own)
  const all: Finding[] = [...findings]
  const there: FileRow[] = []
  for (const file of files) {
    const size = sizes.get(file.path)
    if (size === undefined) all.push(found(file, 'missing-file', `It is not there, and ${file.rows} rows with it.`))
    else if (size !== file.bytes)
      all.push(found(file, 'size', `It has ${size} bytes, and the catalog says ${file.bytes}.`))
    else there.push(file)
  }
  if (isDeep) {
    const looked = await inParallel(there, (file) => footerFindings(data, file, own))
    all.push(...looked.flat())
    if (checkValues !== undefined && !all.some(({ severity }) => severity === 'error'))
      all.push(...(await checkValues(own)))
  }
  const sorted = all.toSorted((a, b) => a.severity.localeCompare(b.severity))
  const deleteFiles = files.filter(({ isDeletes }) => isDeletes).length
  return {
    findings: sorted,
    isSound: !sorted.some(({ severity }) => severity === 'error'),
    tables: tables.size,
    dataFiles: files.length - deleteFiles,
    deleteFiles,
  }
}

/** Files below the data path that a snapshot still has. */
async function fileRows(reader: CatalogReader): Promise<readonly FileRow[]> {
  const names = await tableNames(reader)
  const rows = await reader.read(
    `SELECT f.table_id, ${pathSql} AS path, f.path AS shown, f.file_size_bytes AS bytes, f.footer_size AS footer, f.record_count AS rows, false AS is_deletes, 'parquet' AS format
       FROM {M}.ducklake_data_file f LEFT JOIN (${foldersSql}) d USING (table_id) WHERE ${isRelativeSql}
     UNION ALL
     SELECT f.table_id, ${pathSql}, f.path, f.file_size_bytes, f.footer_size, f.delete_count, true, lower(f.format)
       FROM {M}.ducklake_delete_file f LEFT JOIN (${foldersSql}) d USING (table_id) WHERE ${isRelativeSql}`,
  )
  return rows.map((row) => ({
    path: String(row['path']),
    shown: String(row['shown']),
    table: names.get(Number(row['table_id'])),
    bytes: Number(row['bytes']),
    footerBytes: Number(row['footer']) > 0 ? Number(row['footer']) : undefined,
    rows: Number(row['rows']),
    isDeletes: row['is_deletes'] === true,
    format: String(row['format']),
  }))
}

async function sizesOf(data: Storage, own: { readonly signal?: AbortSignal }): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>()
  for await (const entry of data.list(own)) if (entry.kind === 'object') sizes.set(entry.key, entry.size)
  return sizes
}

async function footerFindings(
  data: Storage,
  file: FileRow,
  own: { readonly signal?: AbortSignal },
): Promise<readonly Finding[]> {
  if (file.format === 'puffin') return []
  const { footerBytes } = file
  try {
    const footer = await readFooter(data.open(file.path), {
      ...own,
      stat: { size: file.bytes },
      ...(footerBytes === undefined ? {} : { footerSize: footerBytes }),
    })
    const findings: Finding[] = []
    if (footer.rows !== file.rows)
      findings.push(
        found(
          file,
          file.isDeletes ? 'deleted-rows' : 'row-count',
          `It has ${footer.rows} ${file.isDeletes ? 'positions' : 'rows'}, and the catalog says ${file.rows}.`,
        ),
      )
    if (footerBytes !== undefined && footer.footerBytes !== footerBytes)
      findings.push(
        found(file, 'footer', `Its footer has ${footer.footerBytes} bytes, and the catalog says ${footerBytes}.`),
      )
    return findings
  } catch (error) {
    if (!isLakefrontError(error)) throw error
    return [found(file, 'footer', error.message)]
  }
}

function found({ table, shown }: FileRow, kind: Finding['kind'], message: string): Finding {
  return { kind, severity: 'error', ...(table === undefined ? {} : { table }), file: shown, message }
}

async function inParallel<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++
      results[at] = await run(items[at]!)
    }
  }
  await Promise.all(Array.from({ length: parallelFiles }, work))
  return results
}
