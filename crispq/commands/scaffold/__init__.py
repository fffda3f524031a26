"""What `crispq new` is made of: the questions, a look at the data, the proposals, and the rendering into a folder."""
