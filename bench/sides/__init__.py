"""Who is measured. All have the verbs of `side.Side`."""
