import { col } from '../expr/col.ts'
import * as F from '../functions.ts'
import type { DataFrame } from './dataframe.ts'

interface Wide {
  c1: number | null
  c2: number | null
  c3: number | null
  c4: number | null
  c5: number | null
  c6: number | null
  c7: number | null
  c8: number | null
  c9: number | null
  c10: number | null
  c11: number | null
  c12: number | null
  c13: number | null
  c14: number | null
  c15: number | null
  c16: number | null
  c17: number | null
  c18: number | null
  c19: number | null
  c20: number | null
}

declare const wide: DataFrame<Wide>

/** Thirty steps of a kind that people write; `long-chain.test.ts` looks at what it costs the compiler, and an editor after it. */
export function thirtySteps(): DataFrame<{ c1: number | null; total: number | bigint | null }> {
  return wide
    .filter(col('c1').gt(0))
    .withColumn('n0', col('c1').add(0))
    .withColumn('c4', F.coalesce('c4', 0))
    .withColumnRenamed('n0', 'm0')
    .drop('c10')
    .filter(col('c2').gt(1))
    .withColumn('n1', col('c2').add(1))
    .withColumn('c5', F.coalesce('c5', 0))
    .withColumnRenamed('n1', 'm1')
    .drop('c11')
    .filter(col('c3').gt(2))
    .withColumn('n2', col('c3').add(2))
    .withColumn('c6', F.coalesce('c6', 0))
    .withColumnRenamed('n2', 'm2')
    .drop('c12')
    .filter(col('c1').gt(3))
    .withColumn('n3', col('c1').add(3))
    .withColumn('c7', F.coalesce('c7', 0))
    .withColumnRenamed('n3', 'm3')
    .drop('c13')
    .filter(col('c2').gt(4))
    .withColumn('n4', col('c2').add(4))
    .withColumn('c4', F.coalesce('c4', 0))
    .withColumnRenamed('n4', 'm4')
    .drop('c14')
    .filter(col('c3').gt(5))
    .withColumn('n5', col('c3').add(5))
    .withColumn('c5', F.coalesce('c5', 0))
    .withColumnRenamed('n5', 'm5')
    .drop('c15')
    .groupBy('c1')
    .agg(F.sum('m5').as('total'))
}
