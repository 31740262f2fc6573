"""churn.py - lists, strings and dictionaries of all sizes, made and dropped."""

import json

data = [{str(i): [str(k) for k in range(i % 40)], "n": i} for i in range(6000)]
for _ in range(3):
    text = json.dumps(data)
    data = json.loads(text)
words = {}
for i in range(150000):
    words.setdefault(str(i * 7919 % 30011), []).append(i)
print(len(text), len(sorted(words)))
