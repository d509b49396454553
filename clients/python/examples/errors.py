from livewell_client import Client, ProblemError, UnreachableError

livewell = Client("http://127.0.0.1:7171")
try:
    livewell.results("big-order")
except ProblemError as error:
    print(error.status, error.code, error.detail)
except UnreachableError as error:
    print("later:", error)
