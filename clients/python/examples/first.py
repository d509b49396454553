from livewell_client import Client, Result, SnapshotRow

livewell = Client("http://127.0.0.1:7171")

for event in livewell.follow("big-orders"):
    match event:
        case SnapshotRow(data=data):
            print("there is", data["id"])
        case Result(diffs=diffs):
            for diff in diffs:
                print(diff.type, diff)
