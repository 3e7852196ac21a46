"""
Asks Spark for what the examples of our functions give there, and writes src/expr/functions/fixtures/spark.json, and the names of
PySpark's functions, docs/pyspark-functions.txt. Needs Java 17 and `pip install pyspark` (4.x):

    python .ci/spark-answers.py [--new]

With --new only examples that have no answer yet are asked.
"""

import ast
import datetime
import decimal
import json
import math
import os
import re
import sys
from pathlib import Path

os.environ["TZ"] = "UTC"
root = Path(__file__).resolve().parent.parent
examples = root / "src/expr/functions/fixtures"
answers_path = examples / "spark.json"
aggregating = {"aggregate", "statistics"}
over_rows = {"window"}


def spark_type(name):
    name = name.strip()
    if name.endswith("[]"):
        return f"array<{spark_type(name[:-2])}>"
    nested = re.fullmatch(r"(struct|map)\((.*)\)", name)
    if nested:
        parts = [part.strip() for part in nested[2].split(",")]
        if nested[1] == "map":
            return f"map<{', '.join(map(spark_type, parts))}>"
        return "struct<" + ", ".join(f"{n}: {spark_type(t)}" for n, t in (part.split(" ", 1) for part in parts)) + ">"
    return {"integer": "int", "varchar": "string", "blob": "binary", "timestamp": "timestamp"}.get(name, name)


def spark_value(value, name):
    kind = spark_type(name)
    if value is None:
        return f"cast(null as {kind})"
    text = (json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else str(value)).replace("\\", "\\\\").replace("'", "\\'")
    if isinstance(value, (list, dict)):
        return f"from_json('{text}', '{kind}')"
    return f"unhex('{text}')" if kind == "binary" else f"cast('{text}' as {kind})"


def plain(value):
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity") if math.isinf(value) else value
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, datetime.datetime):
        text = value.strftime("%Y-%m-%d %H:%M:%S")
        return text + (f".{value.microsecond:06d}".rstrip("0") if value.microsecond else "")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return value.hex().upper()
    if isinstance(value, datetime.timedelta):
        return str(value)
    if hasattr(value, "asDict"):
        return {name: plain(each) for name, each in zip(value.__fields__, value)}
    if isinstance(value, dict):
        return sorted(([plain(k), plain(v)] for k, v in value.items()), key=str)
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value


def main():
    import pyspark.sql.functions as functions
    from pyspark.sql import SparkSession

    names = sorted({name for name in functions.__all__ if not name[0].isupper()})
    (root / "docs/pyspark-functions.txt").write_text("\n".join(names) + "\n")
    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "1")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    for table, content in json.loads((examples / "tables.json").read_text()).items():
        rows = ["select " + ", ".join(f"{spark_value(v, t)} as {n}" for v, (n, t) in zip(row, content["columns"])) for row in content["rows"]]
        session.sql(" union all ".join(rows)).coalesce(1).createOrReplaceTempView(table)
    answers = json.loads(answers_path.read_text()) if "--new" in sys.argv else {}
    kept = {}
    for path in sorted(examples.glob("*.ts")):
        for literal in re.findall(r"spark:\s*('(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")", path.read_text()):
            text = ast.literal_eval(literal)
            if text in answers:
                kept[text] = answers[text]
                continue
            try:
                if path.stem in over_rows:
                    answer = [row.v for row in session.sql(f"select id, {text} as v from many order by id").collect()]
                else:
                    answer = session.sql(f"select {text} as v from {'many' if path.stem in aggregating else 'one'}").collect()[0].v
                kept[text] = plain(answer)
            except Exception as error:  # what Spark refuses is printed, and has no answer
                print(f"{path.stem}: {text}: {str(error).splitlines()[0][:160]}")
    answers_path.write_text(json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    print(len(kept), "answers")


main()
