import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { connect } from '../connect.ts'
import { missingPostgres, postgresCluster } from '../engine/fixtures/postgres-cluster.ts'
import type { PostgresCluster } from '../engine/fixtures/postgres-cluster.ts'
import { col } from '../expr/col.ts'
import { lit } from '../expr/lit.ts'
import * as F from '../functions.ts'

const page = new URL('../../docs/dialects.md', import.meta.url)
let cluster: PostgresCluster | undefined
afterAll(() => cluster?.stop())

test.each(['postgres', 'sqlite'])('the program for %s prints what the page says', async (name) => {
  const why = missingPostgres()
  if (name === 'postgres' && why === undefined) cluster = await postgresCluster()
  const text = readFileSync(page, 'utf8')
  const section = new RegExp(`<!-- ${name} -->\n\`\`\`ts\n([^]*?)\`\`\`\n\nIt prints:\n\n\`\`\`text\n([^]*?)\`\`\``)
  const [, program, expected] = section.exec(text)!
  const lines: string[] = []
  // Without a server here, PGlite answers the same.
  const names = {
    connect,
    address: cluster?.address ?? 'pglite:',
    col,
    lit,
    F,
    print: (line: string) => lines.push(line),
  }
  // eslint-disable-next-line no-new-func
  const run = new Function(...Object.keys(names), `return (async () => {${program}\nawait db.close()})()`) as (
    ...values: unknown[]
  ) => Promise<void>
  await run(...Object.values(names))
  const printed = `${lines.join('\n')}\n`
  if (process.env['LAKEFRONT_UPDATE'] === '1')
    writeFileSync(
      page,
      text.replace(section, (whole) =>
        whole.replace(/(```text\n)[^]*?(```)$/, (_, from: string, to: string) => `${from}${printed}${to}`),
      ),
    )
  else expect(printed).toBe(expected)
})
