"""Renders the chart in the directory argv[1] for each line of JSON from stdin: the values of a release.

Prints, for each, a line of JSON: its manifests by their files, or the error that the chart gives.
"""

import json
import sys

import helm_python as helm

with helm.Chart.load(sys.argv[1]) as chart:
    for line in sys.stdin:
        given = json.loads(line)
        try:
            manifests = chart.render(given["values"], name=given["name"], namespace=given["namespace"])
            answer = {"manifests": manifests}
        except helm.HelmError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)
