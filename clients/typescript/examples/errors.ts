import { Client, ProblemError, UnreachableError } from "livewell";

const livewell = new Client({ url: "http://127.0.0.1:7171" });
try {
  await livewell.results("big-order");
} catch (error) {
  if (error instanceof ProblemError) console.log(error.status, error.code, error.detail);
  else if (error instanceof UnreachableError) console.log("later:", error.message);
  else throw error;
}
