from pathlib import Path

from livewell_client import Client, Reset, Result, SnapshotEnd

livewell = Client("http://127.0.0.1:7171")
file = Path("position.txt")
after = file.read_text() if file.exists() else None

for event in livewell.follow("big-orders", after=after):
    if isinstance(event, Reset):
        print("results are missing:", event.reason)
    if isinstance(event, Result):
        for diff in event.diffs:
            print(diff.type, diff.signature)
    # Behind what was done about it: after a crash the last result comes again, and none is left out.
    if isinstance(event, (SnapshotEnd, Result)):
        file.write_text(event.id)
