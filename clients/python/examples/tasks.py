import asyncio

from livewell_client import AsyncClient, Result


async def main() -> None:
    livewell = AsyncClient("http://127.0.0.1:7171")
    async for event in livewell.follow("big-orders"):
        if isinstance(event, Result):
            print(event.id, [diff.type for diff in event.diffs])


asyncio.run(main())
