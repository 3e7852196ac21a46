import { readFooter } from '../format/parquet/footer.ts'
import { openByteSource } from '../storage/open.ts'
import type { Command } from './command.ts'
import { describeFile } from './inspect/describe-file.ts'
import { descriptionText } from './inspect/description-text.ts'

/** What the footer of a Parquet file says, as text or JSON. No data is read, which is why there is no progress to show. */
export async function inspect({ file, format }: Command & { kind: 'inspect' }, signal: AbortSignal): Promise<string> {
  const description = describeFile(await readFooter(openByteSource(file), { signal }))
  return format === 'json' ? `${JSON.stringify(description, undefined, 2)}\n` : descriptionText(description)
}
