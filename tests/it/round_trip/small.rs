//! Small workflows with everything that graph files have to say.
