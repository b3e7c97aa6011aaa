"""A usual FastAPI backend, which knows nothing of clients that work offline.

    python app.py --openapi                       prints its document
    python app.py --port 8000 --database app.db   serves, until standard input ends; with --cors to other origins as well
"""

import argparse
import json
import os
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query
from fastapi.middleware.cors import CORSMiddleware
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, computed_field
from sqlalchemy import ForeignKey, Numeric, create_engine, event, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

# However many rows are asked for.
MOST_PROJECTS = 7
MOST_LABELS = 5


class Base(DeclarativeBase):
    pass


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


class Project(Base):
    __tablename__ = "projects"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    budget: Mapped[Decimal | None] = mapped_column(Numeric(12, 2, asdecimal=True))
    archived: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    deleted_at: Mapped[datetime | None]
    tasks: Mapped[list["Task"]] = relationship(back_populates="project", cascade="all, delete-orphan")


class Task(Base):
    __tablename__ = "tasks"
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    title: Mapped[str]
    done: Mapped[bool] = mapped_column(default=False)
    project: Mapped[Project] = relationship(back_populates="tasks")


class Label(Base):
    __tablename__ = "labels"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ProjectIn(BaseModel):
    name: str = Field(min_length=1, max_length=80)
    budget: Decimal | None = Field(default=None, decimal_places=2)
    archived: bool = False


class ProjectOut(Answer):
    id: int
    name: str
    budget: Decimal | None
    archived: bool
    created_at: AwareDatetime
    updated_at: AwareDatetime
    deleted_at: AwareDatetime | None

    @computed_field
    @property
    def initials(self) -> str:
        return "".join(word[0].upper() for word in self.name.split())


class ProjectPage(Answer):
    items: list[ProjectOut]
    total: int
    limit: int
    offset: int


class TaskIn(BaseModel):
    title: str = Field(min_length=1)
    done: bool = False


class TaskChange(BaseModel):
    title: str | None = Field(default=None, min_length=1)
    done: bool | None = None


class TaskOut(Answer):
    id: int
    title: str
    done: bool


class LabelIn(BaseModel):
    name: str = Field(min_length=1)


class LabelOut(Answer):
    id: int
    name: str


api = APIRouter()
engine = None


def session() -> Iterator[Session]:
    with Session(engine) as opened:
        yield opened


Db = Annotated[Session, Depends(session)]
Limit = Annotated[int, Query(ge=1, le=100)]
Offset = Annotated[int, Query(ge=0)]


def project_out(project: Project) -> ProjectOut:
    times = {name: getattr(project, name) for name in ("created_at", "updated_at", "deleted_at")}
    aware = {name: time and time.replace(tzinfo=UTC) for name, time in times.items()}
    return ProjectOut(id=project.id, name=project.name, budget=project.budget, archived=project.archived, **aware)


def project_of(db: Session, project_id: int) -> Project:
    project = db.get(Project, project_id)
    if project is None or project.deleted_at is not None:
        raise HTTPException(404, "Project not found")
    return project


@api.get("/projects")
def list_projects(
    db: Db,
    limit: Limit = 20,
    offset: Offset = 0,
    updated_since: datetime | None = None,
    archived: bool | None = None,
) -> ProjectPage:
    """Newest first. Deleted ones only where somebody asks what has changed."""
    found = select(Project)
    if updated_since is None:
        found = found.where(Project.deleted_at.is_(None))
    else:
        found = found.where(Project.updated_at >= updated_since.astimezone(UTC).replace(tzinfo=None))
    if archived is not None:
        found = found.where(Project.archived.is_(archived))
    total = db.scalar(select(func.count()).select_from(found.subquery())) or 0
    limit = min(limit, MOST_PROJECTS)
    rows = db.scalars(found.order_by(Project.id.desc()).limit(limit).offset(offset)).all()
    return ProjectPage(items=[project_out(row) for row in rows], total=total, limit=limit, offset=offset)


@api.post("/projects", status_code=201)
def create_project(db: Db, body: ProjectIn) -> ProjectOut:
    project = Project(**body.model_dump())
    db.add(project)
    db.commit()
    return project_out(project)


@api.get("/projects/{project_id}")
def read_project(db: Db, project_id: int) -> ProjectOut:
    return project_out(project_of(db, project_id))


@api.put("/projects/{project_id}")
def replace_project(db: Db, project_id: int, body: ProjectIn) -> ProjectOut:
    project = project_of(db, project_id)
    for name, value in body.model_dump().items():
        setattr(project, name, value)
    db.commit()
    return project_out(project)


@api.delete("/projects/{project_id}", status_code=204)
def delete_project(db: Db, project_id: int) -> None:
    project_of(db, project_id).deleted_at = now()
    db.commit()


@api.get("/projects/{project_id}/tasks")
def list_tasks(db: Db, project_id: int) -> list[TaskOut]:
    project = project_of(db, project_id)
    return [TaskOut.model_validate(task) for task in sorted(project.tasks, key=lambda task: task.id)]


@api.post("/projects/{project_id}/tasks", status_code=201)
def create_task(db: Db, project_id: int, body: TaskIn) -> TaskOut:
    task = Task(project=project_of(db, project_id), **body.model_dump())
    db.add(task)
    db.commit()
    return TaskOut.model_validate(task)


def task_of(db: Session, project_id: int, task_id: int) -> Task:
    task = db.get(Task, task_id)
    if task is None or task.project_id != project_of(db, project_id).id:
        raise HTTPException(404, "Task not found")
    return task


@api.get("/projects/{project_id}/tasks/{task_id}")
def read_task(db: Db, project_id: int, task_id: int) -> TaskOut:
    return TaskOut.model_validate(task_of(db, project_id, task_id))


@api.patch("/projects/{project_id}/tasks/{task_id}")
def change_task(db: Db, project_id: int, task_id: int, body: TaskChange) -> TaskOut:
    task = task_of(db, project_id, task_id)
    for name, value in body.model_dump(exclude_unset=True).items():
        setattr(task, name, value)
    db.commit()
    return TaskOut.model_validate(task)


@api.delete("/projects/{project_id}/tasks/{task_id}", status_code=204)
def delete_task(db: Db, project_id: int, task_id: int) -> None:
    db.delete(task_of(db, project_id, task_id))
    db.commit()


# With a slash at the end: a request without one is redirected (307). A row can't be read alone.


@api.get("/labels/")
def list_labels(db: Db, skip: Offset = 0, limit: Limit = 100) -> list[LabelOut]:
    rows = db.scalars(select(Label).order_by(Label.name, Label.id).limit(min(limit, MOST_LABELS)).offset(skip))
    return [LabelOut.model_validate(row) for row in rows]


@api.post("/labels/", status_code=201)
def create_label(db: Db, body: LabelIn) -> LabelOut:
    label = Label(**body.model_dump())
    db.add(label)
    db.commit()
    return LabelOut.model_validate(label)


@api.patch("/labels/{label_id}")
def rename_label(db: Db, label_id: int, body: LabelIn) -> LabelOut:
    label = db.get(Label, label_id)
    if label is None:
        raise HTTPException(404, "Label not found")
    label.name = body.name
    db.commit()
    return LabelOut.model_validate(label)


@api.delete("/labels/{label_id}", status_code=204)
def delete_label(db: Db, label_id: int) -> None:
    label = db.get(Label, label_id)
    if label is None:
        raise HTTPException(404, "Label not found")
    db.delete(label)
    db.commit()


def application(has_cors: bool = False) -> FastAPI:
    app = FastAPI(title="Projects")
    app.include_router(api)
    if has_cors:
        options = {"allow_origins": ["*"], "allow_methods": ["*"], "allow_headers": ["content-type"]}
        app.add_middleware(CORSMiddleware, **options)
    return app


def end_with_the_parent() -> None:
    """Whoever has started this holds its standard input, and may die."""
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--openapi", action="store_true")
    arguments.add_argument("--port", type=int, default=0)
    arguments.add_argument("--database", default="app.db")
    arguments.add_argument("--cors", action="store_true")
    given = arguments.parse_args()
    if given.openapi:
        print(json.dumps(application().openapi(), indent=2))
        return
    global engine
    engine = create_engine(f"sqlite:///{given.database}", connect_args={"check_same_thread": False, "timeout": 30})
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA journal_mode = WAL"))
    Base.metadata.create_all(engine)
    threading.Thread(target=end_with_the_parent, daemon=True).start()
    uvicorn.run(application(given.cors), host="127.0.0.1", port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
