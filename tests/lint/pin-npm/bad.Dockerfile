FROM node
RUN npm --loglevel warn install express \
    -g @scope/tool
RUN npm install git+https://git.example.org/tool.git
