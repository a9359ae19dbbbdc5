"""Several releases of timm: do their modules transpile, and do the models match that release?"""
