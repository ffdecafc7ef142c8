"""The worker's end of the lane. Settings name this module; Celery imports it."""

from celery import current_app

from functions.worker.bootstep import LaneStep

current_app.steps["worker"].add(LaneStep)
