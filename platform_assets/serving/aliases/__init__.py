"""The older routes POST /predict, /predict/feast and /predict/feast/batch: deprecated aliases of POST /v1/predict."""
